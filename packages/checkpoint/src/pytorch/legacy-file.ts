import { Budget } from '../budget.ts';
import { CheckpointError, quoted } from '../checkpoint-error.ts';
import { ByteCursor, EndOfBytes } from '../cursor.ts';
import { unpickle, type PickleRules } from '../pickle/unpickler.ts';
import { recordOf, type PickleStorage, type PickleValue } from '../pickle/values.ts';
import type { ByteSource } from '../source.ts';
import { contentsOf } from './contents.ts';
import { PytorchFile } from './pytorch-file.ts';
import { MAX_PICKLE_BYTES, readingPickles } from './read-pickle.ts';
import { pytorchRules } from './rules.ts';

/** The first pickle, an integer: little-endian. */
const MAGIC = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/** The second pickle. */
const PROTOCOL = 1001;
/** What is read at first; where the pickles turn out to be longer, four times as much, and so on. */
const FIRST_READ_BYTES = 262_144;
/** Before each storage stands its number of elements. */
const COUNT_BYTES = 8;

/** Whether a file's first 64 bytes are those of `torch.save` before PyTorch 1.6. */
export function isPytorchLegacy(head: Uint8Array): boolean {
  // Behind the pickle's protocol, a frame of protocol 4 and the opcode of an integer.
  return (
    head[0] === 0x80 && [...head.keys()].slice(2, 16).some((at) => MAGIC.every((byte, i) => head[at + i] === byte))
  );
}

/**
 * Opens what `torch.save` of before PyTorch 1.6 wrote: pickles of a magic number, a version, the machine, the saved
 * object and the keys of its storages, then the storages. Only the pickles are read.
 *
 * @throws CheckpointError naming the file, and the tensor at fault
 */
export async function openPytorchLegacy(source: ByteSource, dictionary: string | undefined): Promise<PytorchFile> {
  const file = source.name;
  const { top, keys, storages, end, budget } = await readPickles(source);
  const contents = contentsOf(top, { file, budget, isModule: false, dictionary });
  const places = placeStorages(source, keys, storages, end);
  for (const [name, { view }] of contents.tensors) {
    if ('refusal' in view || places.has(view.storage.key)) continue;
    throw new CheckpointError(file, `its storage ${quoted(view.storage.key)} is not in the file`, { tensor: name });
  }
  return new PytorchFile({
    source,
    format: 'pytorch-legacy',
    contents,
    async locate({ key, length }) {
      const begin = places.get(key) ?? 0;
      const count = new ByteCursor(await source.read(begin - COUNT_BYTES, begin)).uint64();
      if (count === length) return begin;
      throw new CheckpointError(file, `storage ${quoted(key)} has ${count} elements, the pickle says ${length}`);
    },
  });
}

interface Pickles {
  readonly top: PickleValue;
  readonly keys: PickleValue;
  /** Every storage that the saved object refers to. */
  readonly storages: ReadonlyMap<string, PickleStorage>;
  /** One past the last pickle. */
  readonly end: number;
  readonly budget: Budget;
}

async function readPickles(source: ByteSource): Promise<Pickles> {
  const limit = Math.min(source.byteLength, MAX_PICKLE_BYTES);
  for (let length = Math.min(FIRST_READ_BYTES, limit); ; length = Math.min(4 * length, limit)) {
    const bytes = await source.read(0, length);
    try {
      return readingPickles(source.name, () => parsePickles(bytes, source.name));
    } catch (error) {
      const isShort = error instanceof CheckpointError && error.cause instanceof EndOfBytes;
      if (!isShort || length === limit) throw error;
    }
  }
}

function parsePickles(bytes: Uint8Array, file: string): Pickles {
  const cursor = new ByteCursor(bytes);
  const budget = new Budget(file);
  const storages = new Map<string, PickleStorage>();
  const rules: PickleRules = {
    ...pytorchRules,
    persistent(id) {
      const value = pytorchRules.persistent(id);
      const record = recordOf(value);
      if (record?.kind === 'storage') remember(storages, record, file);
      return value;
    },
  };
  const next = () => unpickle(cursor, rules, budget);
  next();
  if (next() !== PROTOCOL) throw new CheckpointError(file, `not version ${PROTOCOL} of the legacy PyTorch format`);
  checkByteOrder(next(), file);
  return { top: next(), keys: next(), storages, end: cursor.position, budget };
}

function remember(storages: Map<string, PickleStorage>, storage: PickleStorage, file: string): void {
  const before = storages.get(storage.key);
  if (before === undefined) storages.set(storage.key, storage);
  else if (before.length !== storage.length || before.element.width !== storage.element.width) {
    throw new CheckpointError(file, `storage ${quoted(storage.key)} has two sizes`);
  }
}

function checkByteOrder(machine: PickleValue, file: string): void {
  const record = recordOf(machine);
  const at = record?.kind === 'dictionary' ? record.keys.indexOf('little_endian') : -1;
  if (record?.kind !== 'dictionary' || record.values[at] !== false) return;
  throw new CheckpointError(file, 'it was saved on a big-endian machine: save it again on a little-endian one');
}

/** First byte of each storage. They follow the pickles in the order of the keys, up to the file's end. */
function placeStorages(
  source: ByteSource,
  keys: PickleValue,
  storages: ReadonlyMap<string, PickleStorage>,
  end: number,
): ReadonlyMap<string, number> {
  const fail = (problem: string) => new CheckpointError(source.name, problem);
  const list = recordOf(keys);
  if (list?.kind !== 'list') throw fail('damaged: it has no list of its storages');
  const places = new Map<string, number>();
  let position = end;
  for (const key of list.items) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (storage === undefined || places.has(storage.key))
      throw fail('damaged: its list of storages is not that of its tensors');
    places.set(storage.key, position + COUNT_BYTES);
    position += COUNT_BYTES + storage.length * storage.element.width;
  }
  if (position > source.byteLength) {
    throw fail(`truncated: its storages end at byte ${position}, the file at ${source.byteLength}`);
  }
  if (position < source.byteLength) {
    throw fail(`${source.byteLength - position} bytes follow its last storage: the file is damaged`);
  }
  return places;
}
