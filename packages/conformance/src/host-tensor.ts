import { sizeOf, Tensor, type DType, type Engine, type Shape, type TypedArray } from '@umt/tensor';
import { randomNumbers } from './finite-differences.ts';

/** One tensor on the host: what engines are fed with and what comes back. */
export interface HostTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: TypedArray;
}

/** How random elements are drawn: the same for a seed everywhere. */
export interface Draw {
  readonly seed?: number;
  readonly low?: number;
  readonly high?: number;
}

/** Uniform float32 numbers, by default in -2 .. 2. */
export function floats(shape: Shape, { seed = 1, low = -2, high = 2 }: Draw = {}): HostTensor {
  return { shape, dtype: 'float32', data: Float32Array.from(randomNumbers(shape, { seed, low, high })) };
}

/** Uniform int32 numbers from `low`, which is included, to `high`, which is not. By default 0 .. 8. */
export function integers(shape: Shape, { seed = 1, low = 0, high = 9 }: Draw = {}): HostTensor {
  const data = Int32Array.from(randomNumbers(shape, { seed, low, high }), Math.floor);
  return { shape, dtype: 'int32', data };
}

/** Fair coins. */
export function booleans(shape: Shape, { seed = 1 }: Draw = {}): HostTensor {
  const data = Uint8Array.from(randomNumbers(shape, { seed, low: -1, high: 1 }), (value) => Number(value > 0));
  return { shape, dtype: 'bool', data };
}

/** A tensor of given elements, float32 unless said. */
export function given(
  elements: readonly number[],
  shape: Shape = [elements.length],
  dtype: DType = 'float32',
): HostTensor {
  if (elements.length !== sizeOf(shape))
    throw new Error(`given: ${elements.length} elements for [${shape.join(', ')}]`);
  const data =
    dtype === 'int32'
      ? Int32Array.from(elements)
      : dtype === 'bool'
        ? Uint8Array.from(elements)
        : Float32Array.from(elements);
  return { shape, dtype, data };
}

/** Puts a host tensor on an engine. */
export function upload(engine: Engine, { shape, dtype, data }: HostTensor): Tensor {
  return Tensor.fromHandle(engine, engine.upload(data, shape, dtype));
}
