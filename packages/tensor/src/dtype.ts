/** The element types a tensor can have. bfloat16 and float16 exist only on engines that list them as a precision. */
export type DType = 'float32' | 'bfloat16' | 'float16' | 'int32' | 'bool';

/** What a tensor is made from and read into: floating types as Float32Array, int32 as Int32Array, bool as Uint8Array of 0 and 1. */
export type TypedArray = Float32Array | Int32Array | Uint8Array;

/** Sizes per axis, outermost first. A scalar has shape []. */
export type Shape = readonly number[];

/** The number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}
