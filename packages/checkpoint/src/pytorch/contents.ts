import type { Budget } from '../budget.ts';
import { CheckpointError, quoted } from '../checkpoint-error.ts';
import { recordOf, type PickleDictionary, type PickleTensor, type PickleValue } from '../pickle/values.ts';

/** What a file's pickle holds, seen as a checkpoint. */
export interface Contents {
  /** The key that the tensors stand under, empty for the top level. */
  readonly dictionary: string;
  readonly tensors: ReadonlyMap<string, PickleTensor>;
  /** The other keys of the top level, each with a short description. */
  readonly otherEntries: ReadonlyMap<string, string>;
}

/** Which kind of file it is decides where tensors may stand. */
export interface ContentsOptions {
  readonly file: string;
  readonly budget: Budget;
  /** TorchScript: tensors are the attributes of objects, and the top level is the module. */
  readonly isModule: boolean;
  /** The key that the caller asked for. */
  readonly dictionary: string | undefined;
}

/** Where training programs put a model's tensors, in the order in which they are looked for (reference behaviour). */
const USUAL_KEYS = ['model', 'module', 'state_dict'];
/** Deepest nesting of dictionaries and modules that is followed. */
const MAX_NESTING = 64;
/** Entries looked at in all: dictionaries that hold one another twice have more paths than a walk could end. */
const MAX_VISITS = 1_000_000;
/** Longest name of a tensor. */
const MAX_NAME = 2000;

/**
 * Finds the dictionary of tensors and gives each its name: keys from there on, joined by dots where dictionaries nest.
 * Only keys that are strings are followed.
 *
 * @throws CheckpointError when there is no dictionary or no tensor in it, or two tensors have one name
 */
export function contentsOf(top: PickleValue, options: ContentsOptions): Contents {
  const { file, isModule } = options;
  const walker = new Walker(options);
  const entries = walker.entriesOf(top);
  if (entries === undefined) {
    throw new CheckpointError(file, `its top level is ${describe(top)}, not a dictionary: save model.state_dict()`);
  }
  const keys = keysToTry(options.dictionary, isModule, file, entries);
  for (const key of keys) {
    const tensors = walker.tensorsIn(key === '' ? top : entries.get(key));
    if (tensors.size === 0) continue;
    const isOther = (other: string) => (key === '' ? !walker.holdsTensors(entries.get(other)) : other !== key);
    return { dictionary: key, tensors, otherEntries: isModule ? new Map() : others(entries, isOther) };
  }
  const where = options.dictionary ? `its dictionary ${quoted(options.dictionary)}` : 'it';
  throw new CheckpointError(
    file,
    `${where} holds no tensors under names (${listing(entries)}): save model.state_dict()`,
  );
}

function keysToTry(
  asked: string | undefined,
  isModule: boolean,
  file: string,
  entries: ReadonlyMap<string, PickleValue>,
): readonly string[] {
  if (asked === undefined) return isModule ? [''] : [...USUAL_KEYS.filter((key) => entries.has(key)), ''];
  if (asked !== '' && !entries.has(asked)) {
    throw new CheckpointError(file, `it has no dictionary ${quoted(asked)} (${listing(entries)})`);
  }
  return [asked];
}

class Walker {
  readonly #options: ContentsOptions;
  #visits = 0;

  constructor(options: ContentsOptions) {
    this.#options = options;
  }

  /** Entries under string keys, the last of each key: of a dictionary, or of a module's attributes. */
  entriesOf(value: PickleValue | undefined): ReadonlyMap<string, PickleValue> | undefined {
    const dictionary = this.#dictionaryIn(value);
    if (dictionary === undefined) return undefined;
    const entries = new Map<string, PickleValue>();
    dictionary.keys.forEach((key, i) => {
      const entry = dictionary.values[i];
      this.#visit();
      if (typeof key === 'string' && entry !== undefined) entries.set(key, entry);
    });
    return entries;
  }

  holdsTensors(value: PickleValue | undefined): boolean {
    return recordOf(value)?.kind === 'tensor' || this.tensorsIn(value).size > 0;
  }

  tensorsIn(value: PickleValue | undefined): ReadonlyMap<string, PickleTensor> {
    const tensors = new Map<string, PickleTensor>();
    this.#collect(value, '', 0, tensors);
    return tensors;
  }

  #collect(value: PickleValue | undefined, prefix: string, depth: number, tensors: Map<string, PickleTensor>): void {
    const { file, budget } = this.#options;
    if (depth > MAX_NESTING) throw new CheckpointError(file, `dictionaries nest over ${MAX_NESTING} deep: refused`);
    for (const [key, entry] of this.entriesOf(value) ?? []) {
      const name = prefix + key;
      if (name.length > MAX_NAME) throw new CheckpointError(file, `the name ${quoted(name)} is too long`);
      const found = recordOf(entry);
      if (found?.kind !== 'tensor') {
        this.#collect(entry, `${name}.`, depth + 1, tensors);
        continue;
      }
      if (tensors.has(name)) throw new CheckpointError(file, 'two tensors have this name', { tensor: name });
      budget.spend(400 + 2 * name.length);
      tensors.set(name, found);
    }
  }

  #dictionaryIn(value: PickleValue | undefined): PickleDictionary | undefined {
    const record = recordOf(value);
    if (record?.kind === 'dictionary') return record;
    if (record?.kind !== 'object') return undefined;
    if (this.#options.isModule) {
      const state = recordOf(record.state);
      return state?.kind === 'dictionary' ? state : undefined;
    }
    // A subclass of dict, whatever its name.
    return record.entries.keys.length > 0 ? record.entries : undefined;
  }

  #visit(): void {
    if (++this.#visits > MAX_VISITS) throw new CheckpointError(this.#options.file, 'its dictionaries hold one another');
  }
}

function others(entries: ReadonlyMap<string, PickleValue>, isOther: (key: string) => boolean) {
  const described = [...entries].filter(([key]) => isOther(key));
  return new Map(described.map(([key, value]) => [key, describe(value)]));
}

function listing(entries: ReadonlyMap<string, PickleValue>): string {
  const keys = [...entries.keys()].slice(0, 10).map(quoted).join(', ');
  return `its keys: ${keys}${entries.size > 10 ? ', …' : ''}`;
}

/** A value in a few words. */
function describe(value: PickleValue): string {
  if (typeof value === 'string') return quoted(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  const record = recordOf(value);
  switch (record?.kind) {
    case undefined:
      return String(value);
    case 'dictionary':
      return `dictionary of ${record.keys.length}`;
    case 'tensor':
      return `${record.element.dtype} tensor [${record.shape.slice(0, 10).join(', ')}]`;
    case 'list':
    case 'tuple':
    case 'set':
      return `${record.kind} of ${record.items.length}`;
    case 'class':
      return plainName(record.name);
    case 'object': {
      const state = recordOf(record.state);
      const count = state?.kind === 'dictionary' ? ` of ${state.keys.length}` : '';
      return `${plainName(record.className)}${count}`;
    }
    case 'storage':
      return 'storage';
  }
}

function plainName(className: string): string {
  return /^[\w.]{1,80}$/.test(className) ? className : quoted(className);
}
