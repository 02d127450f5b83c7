import { sizeOf, type DType, type PrimitiveAttributes, type Shape } from '@umt/tensor';
import { at, broadcastData, generate, input, pick, positions, stridesOf, type Values } from './values.ts';

/** Copies `values` into `data`, which has `shape`, with its first element at `start`. */
function place(values: Values, data: Float64Array, shape: Shape, start: readonly number[]): void {
  const strides = stridesOf(shape);
  const offset = strides.reduce((total, stride, axis) => total + stride * (start[axis] ?? 0), 0);
  for (const [from, to] of positions(values.shape, strides, offset).entries()) data[to] = at(values.data, from);
}

function take({ dtype, data }: Values, shape: Shape, strides: readonly number[], offset = 0): Values {
  return { shape, dtype, data: pick(data, positions(shape, strides, offset)) };
}

function reshape(inputs: readonly Values[], { shape }: PrimitiveAttributes['reshape']): readonly Values[] {
  return [{ ...input(inputs, 0), shape }];
}

function transpose(inputs: readonly Values[], { permutation }: PrimitiveAttributes['transpose']): readonly Values[] {
  const x = input(inputs, 0);
  const strides = stridesOf(x.shape);
  const shape = permutation.map((axis) => x.shape[axis] ?? 0);
  return [
    take(
      x,
      shape,
      permutation.map((axis) => strides[axis] ?? 0),
    ),
  ];
}

function slice(inputs: readonly Values[], { start, size }: PrimitiveAttributes['slice']): readonly Values[] {
  const x = input(inputs, 0);
  const strides = stridesOf(x.shape);
  const offset = strides.reduce((total, stride, axis) => total + stride * (start[axis] ?? 0), 0);
  return [take(x, size, strides, offset)];
}

function pad(inputs: readonly Values[], { before, after, value }: PrimitiveAttributes['pad']): readonly Values[] {
  const x = input(inputs, 0);
  const shape = x.shape.map((length, axis) => length + (before[axis] ?? 0) + (after[axis] ?? 0));
  const out = generate(shape, x.dtype, () => value);
  place(x, out.data, shape, before);
  return [out];
}

function concat(inputs: readonly Values[], { axis }: PrimitiveAttributes['concat']): readonly Values[] {
  const { shape: first, dtype } = input(inputs, 0);
  const total = inputs.reduce((length, { shape }) => length + (shape[axis] ?? 0), 0);
  const shape = first.map((length, index) => (index === axis ? total : length));
  const out = generate(shape, dtype, () => 0);
  let offset = 0;
  for (const part of inputs) {
    place(
      part,
      out.data,
      shape,
      shape.map((_, index) => (index === axis ? offset : 0)),
    );
    offset += part.shape[axis] ?? 0;
  }
  return [out];
}

function broadcast(inputs: readonly Values[], { shape }: PrimitiveAttributes['broadcast']): readonly Values[] {
  const x = input(inputs, 0);
  return [{ shape, dtype: x.dtype, data: broadcastData(x, shape) }];
}

function gather(inputs: readonly Values[]): readonly Values[] {
  const [x, indices] = [input(inputs, 0), input(inputs, 1)];
  const row = sizeOf(x.shape.slice(1));
  return [
    generate([...indices.shape, ...x.shape.slice(1)], x.dtype, (position) =>
      at(x.data, at(indices.data, Math.floor(position / row)) * row + (position % row)),
    ),
  ];
}

function segmentSum(inputs: readonly Values[], { count }: PrimitiveAttributes['segmentSum']): readonly Values[] {
  const [x, segments] = [input(inputs, 0), input(inputs, 1)];
  const row = sizeOf(x.shape.slice(1));
  const out = generate([count, ...x.shape.slice(1)], x.dtype, () => 0);
  for (const [position, value] of x.data.entries()) {
    const to = at(segments.data, Math.floor(position / row)) * row + (position % row);
    out.data[to] = at(out.data, to) + value;
  }
  return [out];
}

function topK(inputs: readonly Values[], { k }: PrimitiveAttributes['topK']): readonly Values[] {
  const { shape, data } = input(inputs, 0);
  const width = shape.at(-1) ?? 1;
  const out = [...shape.slice(0, -1), k];
  const order = Array.from({ length: sizeOf(out) / k }, (_, row) => {
    const values = data.subarray(row * width, (row + 1) * width);
    return Array.from(values.keys()).sort((i, j) => at(values, j) - at(values, i) || i - j);
  });
  const index = (position: number) => order[Math.floor(position / k)]?.[position % k] ?? -1;
  return [
    generate(out, 'float32', (position) => at(data, Math.floor(position / k) * width + index(position))),
    generate(out, 'int32', index),
  ];
}

function oneHot(inputs: readonly Values[], { depth }: PrimitiveAttributes['oneHot']): readonly Values[] {
  const { shape, data } = input(inputs, 0);
  return [
    generate([...shape, depth], 'float32', (position) =>
      Number(at(data, Math.floor(position / depth)) === position % depth),
    ),
  ];
}

const converters: { readonly [D in DType]?: (value: number) => number } = {
  float32: (value) => value,
  int32: (value) => value | 0,
  bool: (value) => Number(value !== 0),
};

/** The rule that turns a number into one of a dtype. Throws for the dtypes this engine does not have. */
export function converterTo(dtype: DType): (value: number) => number {
  const convert = converters[dtype];
  if (!convert) throw new Error(`reference engine: no ${dtype}; it has float32, int32 and bool`);
  return convert;
}

function cast(inputs: readonly Values[], { dtype }: PrimitiveAttributes['cast']): readonly Values[] {
  const { shape, data } = input(inputs, 0);
  return [{ shape, dtype, data: data.map(converterTo(dtype)) }];
}

function fill(_: readonly Values[], { shape, value, dtype }: PrimitiveAttributes['fill']): readonly Values[] {
  return [generate(shape, dtype, () => value)];
}

/** Primitives that move elements, count them, or change their type. */
export const layoutKernels = {
  reshape,
  transpose,
  slice,
  pad,
  concat,
  broadcast,
  gather,
  segmentSum,
  topK,
  oneHot,
  cast,
  fill,
};
