import { getEngine } from '../ambient.ts';
import { runOne } from '../dispatch.ts';
import { sizeOf, type DType, type Shape, type TypedArray } from '../dtype.ts';
import type { Engine } from '../engine.ts';
import { checkShape, show } from '../shapes.ts';
import { Tensor } from '../tensor.ts';

/**
 * A tensor from row-major data, on the engine of `setEngine`. The dtype follows the array (Float32Array: float32,
 * Int32Array: int32, Uint8Array: bool) unless given; a plain array of numbers is float32 unless given. Numbers become
 * int32 by truncation and bool by being other than zero.
 * @throws when the shape does not hold as many elements.
 */
export function tensor(data: TypedArray | readonly number[], shape: Shape, dtype: DType = naturalDType(data)): Tensor {
  return upload('tensor', getEngine(), data, shape, dtype);
}

/** A tensor of shape [], float32 unless given. */
export function scalar(value: number, dtype: DType = 'float32'): Tensor {
  return full([], value, dtype);
}

/** A tensor filled with one value. */
export function full(shape: Shape, value: number, dtype: DType = 'float32'): Tensor {
  checkShape('full', shape);
  return runOne('fill', [], { shape: [...shape], value, dtype });
}

/** A tensor of zeros. */
export function zeros(shape: Shape, dtype: DType = 'float32'): Tensor {
  return full(shape, 0, dtype);
}

/** A tensor of ones. */
export function ones(shape: Shape, dtype: DType = 'float32'): Tensor {
  return full(shape, 1, dtype);
}

/** A tensor of `like`'s dtype on its engine, in its shape unless another is given, filled with one value. */
export function fullLike(like: Tensor, value: number, shape: Shape = like.shape): Tensor {
  checkShape('fullLike', shape);
  const [handle] = like.engine.run('fill', [], { shape: [...shape], value, dtype: like.dtype });
  if (!handle) throw new Error('fill: the engine returned no output');
  return Tensor.fromHandle(like.engine, handle);
}

/** A tensor from row-major data, on the engine of `like`. */
export function tensorLike(like: Tensor, data: TypedArray, shape: Shape, dtype: DType): Tensor {
  return upload('tensorLike', like.engine, data, shape, dtype);
}

function upload(
  operation: string,
  engine: Engine,
  data: TypedArray | readonly number[],
  shape: Shape,
  dtype: DType,
): Tensor {
  checkShape(operation, shape);
  if (data.length !== sizeOf(shape)) {
    throw new Error(`${operation}: shape ${show(shape)} needs ${sizeOf(shape)} elements, got ${data.length}`);
  }
  return Tensor.fromHandle(engine, engine.upload(toTypedArray(data, dtype), [...shape], dtype));
}

/** Copies a tensor's elements to the host, row-major. Waits for the device, and is where its errors surface. */
export async function read(tensor: Tensor): Promise<TypedArray> {
  return tensor.engine.read(tensor.handle);
}

/** Reads a one-element tensor as a number. @throws when it has more elements or none. */
export async function readScalar(tensor: Tensor): Promise<number> {
  if (tensor.size !== 1) throw new Error(`readScalar: expected one element, got ${show(tensor.shape)}`);
  return Number((await read(tensor))[0]);
}

function naturalDType(data: TypedArray | readonly number[]): DType {
  if (data instanceof Int32Array) return 'int32';
  return data instanceof Uint8Array ? 'bool' : 'float32';
}

function toTypedArray(data: TypedArray | readonly number[], dtype: DType): TypedArray {
  if (dtype === 'int32') return data instanceof Int32Array ? data : Int32Array.from(data);
  if (dtype === 'bool') return Uint8Array.from(data, (value) => (value ? 1 : 0));
  return data instanceof Float32Array ? data : Float32Array.from(data);
}
