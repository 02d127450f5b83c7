import type { Shape } from '@umt/tensor';

/** A plain array in float64: what the engines are compared with. Written for clarity, on index vectors. */
export interface Nd {
  readonly shape: Shape;
  readonly data: readonly number[];
}

export const size = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);

/** All index vectors of a shape, row-major. */
export function indices(shape: Shape): number[][] {
  return shape.reduce<number[][]>(
    (prefixes, length) => prefixes.flatMap((prefix) => Array.from({ length }, (_, i) => [...prefix, i])),
    [[]],
  );
}

export function at(x: Nd, index: readonly number[]): number {
  const flat = x.shape.reduce((offset, length, axis) => offset * length + (index[axis] ?? 0), 0);
  const value = x.data[flat];
  if (value === undefined) throw new Error(`index ${index.join()} outside [${x.shape.join()}]`);
  return value;
}

export function build(shape: Shape, f: (index: readonly number[]) => number): Nd {
  return { shape, data: indices(shape).map(f) };
}

export function map(x: Nd, f: (value: number) => number): Nd {
  return { shape: x.shape, data: x.data.map(f) };
}

export function broadcastShapes(...shapes: readonly Shape[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    return lengths.find((length) => length !== 1) ?? 1;
  });
}

export function broadcast(x: Nd, shape: Shape): Nd {
  return build(shape, (index) => {
    const own = index.slice(shape.length - x.shape.length);
    return at(
      x,
      own.map((i, axis) => (x.shape[axis] === 1 ? 0 : i)),
    );
  });
}

export function zip(f: (...values: number[]) => number, ...inputs: readonly Nd[]): Nd {
  const shape = broadcastShapes(...inputs.map((input) => input.shape));
  const wide = inputs.map((input) => broadcast(input, shape));
  return build(shape, (index) => f(...wide.map((input) => at(input, index))));
}

export function reduce(x: Nd, axes: readonly number[], keepAxes: boolean, f: (values: number[]) => number): Nd {
  const kept = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const result = build(kept, (index) => {
    const inner = axes.map((axis) => x.shape[axis] ?? 0);
    return f(
      indices(inner).map((reduced) => {
        const full = [...index];
        axes.forEach((axis, i) => (full[axis] = reduced[i] ?? 0));
        return at(x, full);
      }),
    );
  });
  return keepAxes ? result : { shape: x.shape.filter((_, axis) => !axes.includes(axis)), data: result.data };
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function transpose(x: Nd, permutation: readonly number[]): Nd {
  const shape = permutation.map((axis) => x.shape[axis] ?? 0);
  return build(shape, (index) => {
    const source = new Array<number>(shape.length);
    permutation.forEach((axis, i) => (source[axis] = index[i] ?? 0));
    return at(x, source);
  });
}

/** Swaps the last two axes where asked. */
export function swapped(x: Nd, isSwapped: boolean): Nd {
  const rank = x.shape.length;
  const order = Array.from({ length: rank }, (_, axis) => axis);
  return isSwapped ? transpose(x, [...order.slice(0, -2), rank - 1, rank - 2]) : x;
}

export function matmul(a: Nd, b: Nd, transposeA = false, transposeB = false): Nd {
  const [left, right] = [swapped(a, transposeA), swapped(b, transposeB)];
  const inner = left.shape.at(-1) ?? 0;
  return build([...left.shape.slice(0, -1), right.shape.at(-1) ?? 0], (index) => {
    const [leading, row, column] = [index.slice(0, -2), index.at(-2) ?? 0, index.at(-1) ?? 0];
    return sum(
      Array.from({ length: inner }, (_, k) => at(left, [...leading, row, k]) * at(right, [...leading, k, column])),
    );
  });
}

export function softmax(x: Nd): Nd {
  const last = x.shape.length - 1;
  const largest = reduce(x, [last], true, (values) => Math.max(...values));
  const exponentials = zip((value, top) => Math.exp(value - top), x, largest);
  const totals = reduce(exponentials, [last], true, sum);
  return zip((value, total) => value / total, exponentials, totals);
}

/** erf by Simpson's rule on the density: slow, and nothing like what any engine does. */
export function erf(x: number): number {
  const steps = 2000;
  const width = x / steps;
  const f = (t: number) => Math.exp(-t * t);
  let total = f(0) + f(x);
  for (let i = 1; i < steps; i++) total += (i % 2 === 1 ? 4 : 2) * f(i * width);
  return ((2 / Math.sqrt(Math.PI)) * total * width) / 3;
}
