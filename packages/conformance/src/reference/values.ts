import { sizeOf, type DType, type Shape } from '@umt/tensor';

/** One tensor of the reference engine: row-major elements in float64 whatever the dtype (int32 and bool hold whole numbers). */
export interface Values {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: Float64Array;
}

/** `Values` of a shape, its elements from their flat positions. */
export function generate(shape: Shape, dtype: DType, element: (position: number) => number): Values {
  const data = new Float64Array(sizeOf(shape));
  for (let position = 0; position < data.length; position++) data[position] = element(position);
  return { shape, dtype, data };
}

/** The element at a flat position. Throws outside the data: no kernel may read past an end. */
export function at(data: Float64Array, position: number): number {
  const value = data[position];
  if (value === undefined) throw new RangeError(`reference engine: position ${position} of ${data.length} elements`);
  return value;
}

/** The input at an index, which must have been given. */
export function input(inputs: readonly Values[], index: number): Values {
  const values = inputs[index];
  if (!values) throw new Error(`reference engine: input ${index} is missing`);
  return values;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): readonly number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** Flat positions, in row-major order of `shape`, of the elements that lie `strides` apart from `offset` on. */
export function positions(shape: Shape, strides: readonly number[], offset = 0): Int32Array {
  let found = Int32Array.of(offset);
  for (const [axis, length] of shape.entries()) {
    const stride = strides[axis] ?? 0;
    const next = new Int32Array(found.length * length);
    let filled = 0;
    for (const start of found) for (let index = 0; index < length; index++) next[filled++] = start + index * stride;
    found = next;
  }
  return found;
}

/** The elements at these positions. */
export function pick(data: Float64Array, from: Int32Array): Float64Array {
  const picked = new Float64Array(from.length);
  for (let index = 0; index < from.length; index++) picked[index] = at(data, from[index] ?? -1);
  return picked;
}

/** Strides of `shape` seen as `target`: 0 along every axis that broadcasting adds or stretches. */
function broadcastStrides(shape: Shape, target: Shape): readonly number[] {
  const added = target.length - shape.length;
  const own = stridesOf(shape);
  return target.map((_, axis) => (axis < added || shape[axis - added] === 1 ? 0 : (own[axis - added] ?? 0)));
}

/** The shape that shapes which fit broadcast to. */
export function broadcastShape(...shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    return lengths.find((length) => length !== 1) ?? 1;
  });
}

/** The elements of `values` broadcast to `target`, row-major. */
export function broadcastData(values: Values, target: Shape): Float64Array {
  return pick(values.data, positions(target, broadcastStrides(values.shape, target)));
}
