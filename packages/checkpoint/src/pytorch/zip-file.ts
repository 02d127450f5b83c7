import { Budget } from '../budget.ts';
import { CheckpointError, quoted } from '../checkpoint-error.ts';
import { ByteCursor } from '../cursor.ts';
import { unpickle } from '../pickle/unpickler.ts';
import type { PickleStorage } from '../pickle/values.ts';
import type { ByteSource } from '../source.ts';
import { locateStored, readZipDirectory, type ZipEntry } from '../zip/directory.ts';
import { contentsOf } from './contents.ts';
import { PytorchFile } from './pytorch-file.ts';
import { MAX_PICKLE_BYTES, readingPickles } from './read-pickle.ts';
import { pytorchRules } from './rules.ts';

/**
 * Opens what `torch.save` of PyTorch 1.6 and later, or `torch.jit.save`, wrote: a zip archive of one folder with the
 * pickle `data.pkl` and every storage as `data/<key>`. Only the directory and the pickle are read.
 *
 * @throws CheckpointError naming the file, and the tensor at fault
 */
export async function openPytorchZip(source: ByteSource, dictionary: string | undefined): Promise<PytorchFile> {
  const file = source.name;
  const entries = await readZipDirectory(source);
  const roots = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickleName] = roots;
  if (pickleName === undefined) throw new CheckpointError(file, 'a zip archive without data.pkl: not a PyTorch file');
  if (roots.length > 1) throw new CheckpointError(file, `the zip archive has ${roots.length} pickles of tensors`);
  const root = pickleName.slice(0, -'data.pkl'.length);
  await checkByteOrder(source, entries.get(`${root}byteorder`));
  const isModule = entries.has(`${root}constants.pkl`);

  const budget = new Budget(file);
  const pickle = await readEntry(source, entries.get(pickleName), MAX_PICKLE_BYTES);
  const cursor = new ByteCursor(pickle);
  const top = readingPickles(file, () => unpickle(cursor, pytorchRules, budget));
  if (cursor.position < cursor.length) throw new CheckpointError(file, 'bytes follow the end of its pickle');
  const contents = contentsOf(top, { file, budget, isModule, dictionary });

  const entryOf = (storage: PickleStorage) => storageEntry(file, entries, `${root}data/${storage.key}`, storage);
  for (const { view } of contents.tensors.values()) if ('storage' in view) entryOf(view.storage);
  return new PytorchFile({
    source,
    format: isModule ? 'torchscript' : 'pytorch',
    contents,
    locate: async (storage) => locateStored(source, entryOf(storage)),
  });
}

function storageEntry(
  file: string,
  entries: ReadonlyMap<string, ZipEntry>,
  name: string,
  { key, length, element }: PickleStorage,
): ZipEntry {
  const entry = entries.get(name);
  if (entry === undefined) throw new CheckpointError(file, `the zip archive has no storage ${quoted(key)}`);
  const bytes = length * element.width;
  if (entry.size === bytes) return entry;
  throw new CheckpointError(
    file,
    `storage ${quoted(key)} has ${entry.size} bytes, its ${length} elements of ${element.dtype} take ${bytes}`,
  );
}

async function checkByteOrder(source: ByteSource, entry: ZipEntry | undefined): Promise<void> {
  if (entry === undefined) return;
  const order = new TextDecoder().decode(await readEntry(source, entry, 16)).trim();
  if (order === 'little') return;
  throw new CheckpointError(source.name, 'it was saved on a big-endian machine: save it again on a little-endian one');
}

async function readEntry(source: ByteSource, entry: ZipEntry | undefined, limit: number): Promise<Uint8Array> {
  if (entry === undefined) return new Uint8Array(0);
  if (entry.size > limit) {
    throw new CheckpointError(source.name, `${quoted(entry.name)} has ${entry.size} bytes: refused`);
  }
  const begin = await locateStored(source, entry);
  return source.read(begin, begin + entry.size);
}
