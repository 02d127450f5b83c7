/** What an unpickler makes: inert data. Nothing is ever constructed by name; classes and calls that it does not know stay records. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleSequence
  | PickleDictionary
  | PickleClass
  | PickleObject
  | PickleStorage
  | PickleTensor;

/** A list, a tuple or a set. Lists of a hostile file may hold themselves. */
export interface PickleSequence {
  readonly kind: 'list' | 'tuple' | 'set';
  readonly items: PickleValue[];
}

/** A dictionary as its assignments in order: a later one of the same key counts. No key is hashed before one is looked for. */
export interface PickleDictionary {
  readonly kind: 'dictionary';
  readonly keys: PickleValue[];
  readonly values: PickleValue[];
}

/** A class or function, by its name alone. */
export interface PickleClass {
  readonly kind: 'class';
  /** Module and name, joined by a dot. */
  readonly name: string;
}

/** An instance of a class that is not known: a record of its state. */
export interface PickleObject {
  readonly kind: 'object';
  readonly className: string;
  /** What its `__setstate__` or `__dict__` would get. */
  state: PickleValue;
  /** Entries, where it is a kind of dictionary. */
  readonly entries: PickleDictionary;
}

/** A block of elements in the file, not read yet. */
export interface PickleStorage {
  readonly kind: 'storage';
  readonly key: string;
  readonly element: ElementType;
  /** Elements of the whole block. */
  readonly length: number;
  /** First element and number of elements of the part that is meant: older files have storages within storages. */
  readonly window: readonly [begin: number, length: number];
}

/** A view of a storage, or a tensor of a kind that is listed and not read. */
export interface PickleTensor {
  readonly kind: 'tensor';
  readonly element: ElementType;
  readonly shape: readonly number[];
  readonly view: TensorView | { readonly refusal: string };
}

/** Where the elements of a tensor lie. */
export interface TensorView {
  readonly storage: PickleStorage;
  /** First element, counted in elements of the tensor's own type. */
  readonly offset: number;
  /** Elements from one index to the next, per axis. 0 repeats. */
  readonly strides: readonly number[];
}

/** A type of elements: its name (that of safetensors where it has one, else PyTorch's) and its width in bytes. */
export interface ElementType {
  readonly dtype: string;
  readonly width: number;
}

/** An empty dictionary. */
export function emptyDictionary(): PickleDictionary {
  return { kind: 'dictionary', keys: [], values: [] };
}

/** An object with its `kind`, or undefined for plain values and bytes. */
export function recordOf(value: PickleValue | undefined): Exclude<PickleValue, Primitive> | undefined {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) ? value : undefined;
}

type Primitive = null | boolean | number | bigint | string | Uint8Array;
