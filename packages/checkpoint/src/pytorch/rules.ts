import { quoted } from '../checkpoint-error.ts';
import { PickleError } from '../pickle/pickle-error.ts';
import type { PickleRules } from '../pickle/unpickler.ts';
import {
  emptyDictionary,
  recordOf,
  type ElementType,
  type PickleDictionary,
  type PickleStorage,
  type PickleTensor,
  type PickleValue,
} from '../pickle/values.ts';
import { elementOfDtype, elementOfStorage } from './element-types.ts';

type Args = readonly PickleValue[];

/** Most axes of a tensor. */
const MAX_AXES = 64;
/** The type of what is listed although its file does not say of which type it is. */
const UNKNOWN: ElementType = { dtype: 'unknown', width: 1 };

/** The calls that mean something in a checkpoint. Nothing else is ever more than a record. */
const CALLS: ReadonlyMap<string, (args: Args) => PickleValue> = new Map(
  Object.entries({
    'collections.OrderedDict': orderedDictionary,
    'torch.Size': ([sizes]) => sequence(sizes),
    'torch._utils._rebuild_tensor': strided,
    'torch._utils._rebuild_tensor_v2': strided,
    'torch._utils._rebuild_tensor_v3': stridedOfDtype,
    'torch._utils._rebuild_parameter': ([tensor]) => tensor ?? null,
    'torch._utils._rebuild_parameter_with_state': ([tensor]) => tensor ?? null,
    'torch._tensor._rebuild_from_type_v2': fromType,
    'torch._utils._rebuild_qtensor': ([storage, , size]) =>
      refused(storageOf(storage).element, size, 'it is quantized: call dequantize() before saving'),
    'torch._utils._rebuild_sparse_tensor': () =>
      refused(UNKNOWN, undefined, 'it is sparse: call to_dense() before saving'),
    'torch._utils._rebuild_sparse_csr_tensor': () =>
      refused(UNKNOWN, undefined, 'it is sparse: call to_dense() before saving'),
    'torch._utils._rebuild_meta_tensor_no_storage': ([, size]) =>
      refused(UNKNOWN, size, 'it was saved from the meta device and has no elements'),
  } satisfies Readonly<Record<string, (args: Args) => PickleValue>>),
);

/** What the pickles of `torch.save` and `torch.jit.save` mean. */
export const pytorchRules: PickleRules = {
  call: (name, args) => CALLS.get(name)?.(args),
  persistent(id) {
    const parts = recordOf(id);
    if (parts?.kind !== 'tuple') throw new PickleError('a persistent id is no tuple');
    const [kind, first, ...rest] = parts.items;
    if (textOf(kind) === 'storage') return storage(first, rest);
    // Files of whole models carry the sources of their classes.
    if (textOf(kind) === 'module') return first ?? null;
    throw new PickleError('a persistent id is neither a storage nor a module');
  },
};

function storage(type: PickleValue | undefined, [key, , length, part]: Args): PickleStorage {
  const className = recordOf(type);
  if (className?.kind !== 'class') throw new PickleError('a storage has no type');
  const element = elementOfStorage(className.name);
  if (element === undefined) throw new PickleError(`storages of type ${quoted(className.name)} are not known`);
  const name = textOf(key);
  if (name === undefined) throw new PickleError('a storage has no key');
  const count = lengthOf(length);
  return { kind: 'storage', key: name, element, length: count, window: windowOf(part, count) };
}

/** Files of before PyTorch 0.4 say which part of a storage is meant: (key of the part, offset, length). */
function windowOf(part: PickleValue | undefined, count: number): readonly [number, number] {
  if (part === undefined || part === null) return [0, count];
  const [, offset, length] = sequence(part).items;
  const window = [lengthOf(offset), lengthOf(length)] as const;
  if (window[0] + window[1] > count) throw new PickleError('part of a storage lies beyond its end');
  return window;
}

function orderedDictionary([pairs]: Args): PickleDictionary {
  const dictionary = emptyDictionary();
  if (pairs === undefined) return dictionary;
  // Python 2 gives the pairs to the constructor.
  for (const pair of sequence(pairs).items) {
    const [key, value] = sequence(pair).items;
    if (key === undefined || value === undefined) throw new PickleError('an entry of a dictionary is no pair');
    dictionary.keys.push(key);
    dictionary.values.push(value);
  }
  return dictionary;
}

function strided([place, offset, size, strides]: Args): PickleTensor {
  const { element } = storageOf(place);
  return view(element, storageOf(place), offset, size, strides);
}

function stridedOfDtype([place, offset, size, strides, , , dtype]: Args): PickleTensor {
  const named = recordOf(dtype);
  const element = named?.kind === 'class' ? elementOfDtype(named.name) : undefined;
  if (element === undefined) return refused(UNKNOWN, size, 'its dtype is not known');
  return view(element, storageOf(place), offset, size, strides);
}

/** (function, class, arguments, state): a tensor that has attributes or is of a subclass. */
function fromType([callee, , args]: Args): PickleValue {
  const called = recordOf(callee);
  const name = called?.kind === 'class' ? called.name : '';
  // Not itself: that would recurse as deeply as a file likes.
  const rebuild = name.startsWith('torch._utils.') ? CALLS.get(name) : undefined;
  if (rebuild === undefined) return refused(UNKNOWN, undefined, 'it is of a kind that is not known');
  return rebuild(sequence(args).items);
}

function view(
  element: ElementType,
  place: PickleStorage,
  offset: PickleValue | undefined,
  size: PickleValue | undefined,
  strides: PickleValue | undefined,
): PickleTensor {
  const shape = lengthsOf(size);
  const steps = lengthsOf(strides);
  if (shape.length !== steps.length) {
    throw new PickleError(`a tensor has ${shape.length} axes and strides for ${steps.length}`);
  }
  return { kind: 'tensor', element, shape, view: { storage: place, offset: lengthOf(offset), strides: steps } };
}

function refused(element: ElementType, size: PickleValue | undefined, refusal: string): PickleTensor {
  return { kind: 'tensor', element, shape: size === undefined ? [] : lengthsOf(size), view: { refusal } };
}

function storageOf(value: PickleValue | undefined): PickleStorage {
  const found = recordOf(value);
  if (found?.kind !== 'storage') throw new PickleError('a tensor has no storage');
  return found;
}

function sequence(value: PickleValue | undefined) {
  const found = recordOf(value);
  if (found?.kind !== 'tuple' && found?.kind !== 'list') throw new PickleError('a tuple is missing');
  return found;
}

function lengthsOf(value: PickleValue | undefined): readonly number[] {
  const { items } = sequence(value);
  if (items.length > MAX_AXES) throw new PickleError(`a tensor has ${items.length} axes`);
  return items.map(lengthOf);
}

function lengthOf(value: PickleValue | undefined): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new PickleError('a size, stride or offset of a tensor is not a whole number from 0 to 2^53');
}

/** Python 2 writes ASCII texts as bytes; so does whoever saves its files again with them. */
function textOf(value: PickleValue | undefined): string | undefined {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  return typeof value === 'string' ? value : undefined;
}
