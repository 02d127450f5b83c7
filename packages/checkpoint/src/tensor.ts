import { listed } from './checkpoint-error.ts';
import { arrayClass, dtypeBits, type SafetensorsDtype, type TypedArrayOf } from './dtype.ts';

/**
 * A tensor as a checkpoint holds it: dtype, shape and elements in row-major order. The dtype tells which typed array
 * `data` is: see {@link TypedArrayOf}.
 */
export type CheckpointTensor = {
  readonly [Dtype in SafetensorsDtype]: {
    readonly dtype: Dtype;
    readonly shape: readonly number[];
    readonly data: TypedArrayOf[Dtype];
  };
}[SafetensorsDtype];

/** Tensors by name. */
export type TensorCollection = ReadonlyMap<string, CheckpointTensor> | Readonly<Record<string, CheckpointTensor>>;

/** What a file says of a tensor, without its elements. */
export interface TensorInfo {
  readonly name: string;
  /** Usually a {@link SafetensorsDtype}; else as the file has it: such a tensor is listed and cannot be read. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** What a safetensors file says of a tensor. Bytes of any dtype are given by `readBytes`. */
export interface SafetensorsInfo extends TensorInfo {
  /** First byte in the file. */
  readonly begin: number;
  /** One past the last byte in the file. */
  readonly end: number;
}

/** Bytes that a tensor takes, or what is wrong with its shape. */
export function byteLengthOf(shape: readonly number[], dtype: SafetensorsDtype): number | string {
  let count = 1;
  for (const length of shape) {
    count *= length;
    if (!Number.isSafeInteger(count)) return `shape ${listed(shape)} has more than 2^53 elements`;
  }
  const bits = count * dtypeBits(dtype);
  if (!Number.isSafeInteger(bits)) return `shape ${listed(shape)} of ${dtype} takes more than 2^53 bits`;
  if (bits % 8 !== 0) return `shape ${listed(shape)} of ${dtype} does not end at a whole byte`;
  return bits / 8;
}

/** Views little-endian bytes as a tensor: no copy where the bytes lie at a multiple of the element width. */
export function tensorOf(dtype: SafetensorsDtype, shape: readonly number[], bytes: Uint8Array): CheckpointTensor {
  const TypedArray = arrayClass(dtype);
  const width = TypedArray === Uint8Array ? 1 : dtypeBits(dtype) / 8;
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const data = new TypedArray(aligned.buffer, aligned.byteOffset, aligned.byteLength / width);
  // The class comes from the table that the union is made of.
  return { dtype, shape, data } as CheckpointTensor;
}

/** The bytes of a tensor's elements, without a copy. */
export function bytesOf(tensor: CheckpointTensor): Uint8Array {
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}
