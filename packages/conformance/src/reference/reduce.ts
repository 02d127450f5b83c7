import { sizeOf, type MatmulAttributes, type ReductionAttributes, type Shape } from '@umt/tensor';
import { at, generate, input, positions, stridesOf, type Values } from './values.ts';

function reduce(
  values: Values,
  { axes, keepAxes }: ReductionAttributes,
  start: number,
  combine: (total: number, value: number) => number,
): Values {
  const kept = values.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const strides = stridesOf(kept).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  const data = new Float64Array(sizeOf(kept)).fill(start);
  for (const [from, to] of positions(values.shape, strides).entries()) {
    data[to] = combine(at(data, to), at(values.data, from));
  }
  const shape = keepAxes ? kept : values.shape.filter((_, axis) => !axes.includes(axis));
  return { shape, dtype: values.dtype, data };
}

function sum(inputs: readonly Values[], attributes: ReductionAttributes): readonly Values[] {
  const total = reduce(input(inputs, 0), attributes, 0, (a, b) => a + b);
  return [total.dtype === 'int32' ? { ...total, data: total.data.map((value) => value | 0) } : total];
}

function max(inputs: readonly Values[], attributes: ReductionAttributes): readonly Values[] {
  return [reduce(input(inputs, 0), attributes, -Infinity, Math.max)];
}

function softmax(inputs: readonly Values[]): readonly Values[] {
  const { shape, dtype, data } = input(inputs, 0);
  const width = shape.at(-1) ?? 1;
  const out = new Float64Array(data.length);
  for (let start = 0; start < data.length; start += width) {
    const row = data.subarray(start, start + width);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const exponentials = row.map((value) => Math.exp(value - largest));
    const total = exponentials.reduce((a, b) => a + b, 0);
    out.set(
      exponentials.map((value) => value / total),
      start,
    );
  }
  return [{ shape, dtype, data: out }];
}

function cumulativeSum(
  inputs: readonly Values[],
  { axis, exclusive }: { readonly axis: number; readonly exclusive: boolean },
): readonly Values[] {
  const { shape, dtype, data } = input(inputs, 0);
  const stride = stridesOf(shape)[axis] ?? 1;
  const length = shape[axis] ?? 1;
  const out = new Float64Array(data.length);
  const firsts = positions(
    shape.map((full, other) => (other === axis ? Math.min(full, 1) : full)),
    stridesOf(shape),
  );
  for (const first of firsts) {
    let total = 0;
    for (let index = 0; index < length; index++) {
      const position = first + index * stride;
      const next = total + at(data, position);
      out[position] = exclusive ? total : next;
      total = next;
    }
  }
  return [{ shape, dtype, data: out }];
}

function matmul(inputs: readonly Values[], { transposeA, transposeB }: MatmulAttributes): readonly Values[] {
  const [a, b] = [input(inputs, 0), input(inputs, 1)];
  const [left, right] = [a.data, b.data];
  const [rows, inner] = lastTwo(a.shape, transposeA);
  const [, columns] = lastTwo(b.shape, transposeB);
  const [rowStride, innerStrideA] = transposeA ? [1, rows] : [inner, 1];
  const [innerStrideB, columnStride] = transposeB ? [1, inner] : [columns, 1];
  const shape = [...a.shape.slice(0, -2), rows, columns];
  return [
    generate(shape, a.dtype, (position) => {
      const matrix = Math.floor(position / (rows * columns));
      const row = Math.floor(position / columns) % rows;
      const startA = matrix * rows * inner + row * rowStride;
      const startB = matrix * inner * columns + (position % columns) * columnStride;
      let total = 0;
      for (let k = 0; k < inner; k++) {
        total += (left[startA + k * innerStrideA] ?? NaN) * (right[startB + k * innerStrideB] ?? NaN);
      }
      return total;
    }),
  ];
}

function lastTwo(shape: Shape, isTransposed: boolean): readonly [number, number] {
  const [outer = 1, inner = 1] = shape.slice(-2);
  return isTransposed ? [inner, outer] : [outer, inner];
}

/** Primitives that sum, or look for the largest. */
export const reduceKernels = { sum, max, softmax, cumulativeSum, matmul };
