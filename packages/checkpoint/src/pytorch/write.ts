import { CheckpointError } from '../checkpoint-error.ts';
import type { SafetensorsDtype } from '../dtype.ts';
import { Op } from '../pickle/opcodes.ts';
import { bytesOf, type CheckpointTensor, type TensorCollection } from '../tensor.ts';
import { checkedEntries } from '../write.ts';
import { zipChunks } from '../zip/write.ts';
import { storageClassOf } from './element-types.ts';

/** What a PyTorch file holds beside its tensors. */
export interface PytorchOptions {
  /** The key that the dictionary of tensors stands under, such as `model`; by default it is the file's top level. */
  readonly dictionary?: string;
}

/**
 * The bytes of a PyTorch file in memory: what `torch.save` of PyTorch 1.6 and later writes for an OrderedDict of tensors,
 * and every `torch.load` since then reads, also with `weights_only=True`. The bytes depend on the content alone.
 *
 * @throws CheckpointError naming a tensor whose shape, dtype and data disagree, or whose dtype PyTorch does not save
 */
export function writePytorch(tensors: TensorCollection, options: PytorchOptions = {}): Uint8Array {
  const chunks = pytorchChunks('a PyTorch file', tensors, options);
  const file = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    file.set(chunk, offset);
    offset += chunk.length;
  }
  return file;
}

/**
 * The bytes of a PyTorch file as pieces that follow one another, one view per tensor and no copies.
 *
 * @param file what messages call the file
 */
export function pytorchChunks(
  file: string,
  tensors: TensorCollection,
  { dictionary = '' }: PytorchOptions,
): readonly Uint8Array[] {
  const entries = checkedEntries(file, tensors);
  const text = new TextEncoder();
  return zipChunks([
    ['archive/data.pkl', pickleOf(file, entries, dictionary)],
    ['archive/byteorder', text.encode('little')],
    ...entries.map(([, tensor], i) => [`archive/data/${i}`, bytesOf(tensor)] as const),
    ['archive/version', text.encode('3\n')],
  ]);
}

function pickleOf(file: string, entries: readonly (readonly [string, CheckpointTensor])[], dictionary: string) {
  const items = entries.flatMap(([name, tensor], i) => [...string(name), ...rebuild(file, name, tensor, i)]);
  const tensors = [...ORDERED_DICT, Op.MARK, ...items, Op.SETITEMS];
  const top = dictionary === '' ? tensors : [Op.EMPTY_DICT, Op.MARK, ...string(dictionary), ...tensors, Op.SETITEMS];
  return Uint8Array.from([Op.PROTO, 2, ...top, Op.STOP]);
}

/** `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)`. */
function rebuild(file: string, name: string, { dtype, shape, data }: CheckpointTensor, key: number): number[] {
  return [
    ...global('torch._utils', '_rebuild_tensor_v2'),
    Op.MARK,
    ...tuple([
      string('storage'),
      global('torch', storageClass(file, name, dtype)),
      string(String(key)),
      string('cpu'),
      integer(data.length),
    ]),
    Op.BINPERSID,
    ...integer(0),
    ...tuple(shape.map(integer)),
    ...tuple(rowMajorStrides(shape).map(integer)),
    Op.NEWFALSE,
    ...ORDERED_DICT,
    Op.TUPLE,
    Op.REDUCE,
  ];
}

function storageClass(file: string, name: string, dtype: SafetensorsDtype): string {
  const found = storageClassOf(dtype);
  if (found !== undefined) return found;
  throw new CheckpointError(file, `PyTorch 1 has no tensors of ${dtype}: save it as safetensors`, { tensor: name });
}

function rowMajorStrides(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= Math.max(shape[axis] ?? 1, 1);
  }
  return strides;
}

function global(module: string, name: string): number[] {
  return [Op.GLOBAL, ...new TextEncoder().encode(`${module}\n${name}\n`)];
}

const ORDERED_DICT = [...global('collections', 'OrderedDict'), Op.EMPTY_TUPLE, Op.REDUCE];

function tuple(items: readonly (readonly number[])[]): number[] {
  return [Op.MARK, ...items.flat(), Op.TUPLE];
}

function string(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [Op.BINUNICODE, ...littleEndian(bytes.length, 4), ...bytes];
}

function integer(value: number): number[] {
  if (value < 256) return [Op.BININT1, value];
  if (value < 2 ** 31) return [Op.BININT, ...littleEndian(value, 4)];
  return [Op.LONG1, 8, ...littleEndian(value, 8)];
}

function littleEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);
}
