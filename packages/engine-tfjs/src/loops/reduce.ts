import type { Shape } from '@umt/tensor';

/** A shape seen as [outer, reduced, inner]. */
interface Reduction {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
}

type Step = (x: ArrayLike<number>, out: Float64Array, reduction: Reduction) => void;

/**
 * The sum over `axes` (ascending), accumulated in float64: out has the remaining axes.
 * NaN and infinities propagate as in any sum.
 */
export function sumOver(x: ArrayLike<number>, shape: Shape, axes: readonly number[], out: SettableArray): void {
  out.set(reduceOver(x, shape, axes, sumStep));
}

/** The largest over `axes` (ascending). A NaN anywhere gives NaN. The largest of nothing is -Infinity. */
export function maxOver(x: ArrayLike<number>, shape: Shape, axes: readonly number[], out: SettableArray): void {
  out.set(reduceOver(x, shape, axes, maxStep));
}

/** out [columns] = the sums over the rows of x [rows, columns], accumulated in float64. */
export function sumColumns(x: Float32Array, out: Float32Array, rows: number, columns: number): void {
  const totals = new Float64Array(columns);
  sumStep(x, totals, { outer: 1, reduced: rows, inner: columns });
  out.set(totals);
}

/** The sum of squares in float64; four chains, as one would wait for each addition. */
export function sumOfSquares(x: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = x.length - (x.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += (x[i] as number) * (x[i] as number);
    b += (x[i + 1] as number) * (x[i + 1] as number);
    c += (x[i + 2] as number) * (x[i + 2] as number);
    d += (x[i + 3] as number) * (x[i + 3] as number);
  }
  for (let i = whole; i < x.length; i++) a += (x[i] as number) * (x[i] as number);
  return a + b + (c + d);
}

interface SettableArray {
  set(values: ArrayLike<number>): void;
}

/** Reduces one run of neighbouring axes after the other, the last first. */
function reduceOver(x: ArrayLike<number>, shape: Shape, axes: readonly number[], step: Step): ArrayLike<number> {
  let current = x;
  let lengths = [...shape];
  for (const [first, last] of runsOf(axes).reverse()) {
    const size = (from: number, to: number) => lengths.slice(from, to).reduce((product, length) => product * length, 1);
    const reduction = { outer: size(0, first), reduced: size(first, last + 1), inner: size(last + 1, lengths.length) };
    const result = new Float64Array(reduction.outer * reduction.inner);
    step(current, result, reduction);
    current = result;
    lengths = [...lengths.slice(0, first), ...lengths.slice(last + 1)];
  }
  return current;
}

/** Ascending axes as runs of neighbours, each as its first and last axis. */
function runsOf(axes: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const axis of axes) {
    const last = runs.at(-1);
    if (last && last[1] === axis - 1) last[1] = axis;
    else runs.push([axis, axis]);
  }
  return runs;
}

const sumStep: Step = (x, out, { outer, reduced, inner }) => {
  if (inner === 1) {
    for (let row = 0; row < outer; row++) out[row] = sumRun(x, row * reduced, reduced);
    return;
  }
  for (let block = 0, at = 0; block < outer; block++) {
    const start = block * inner;
    for (let row = 0; row < reduced; row++) {
      for (let i = start; i < start + inner; i++) out[i] = (out[i] as number) + (x[at++] as number);
    }
  }
};

function sumRun(x: ArrayLike<number>, start: number, length: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const end = start + length;
  const whole = end - (length % 4);
  for (let i = start; i < whole; i += 4) {
    a += x[i] as number;
    b += x[i + 1] as number;
    c += x[i + 2] as number;
    d += x[i + 3] as number;
  }
  for (let i = whole; i < end; i++) a += x[i] as number;
  return a + b + (c + d);
}

const maxStep: Step = (x, out, { outer, reduced, inner }) => {
  out.fill(-Infinity);
  for (let block = 0, at = 0; block < outer; block++) {
    const start = block * inner;
    for (let row = 0; row < reduced; row++) {
      for (let i = start; i < start + inner; i++) out[i] = Math.max(out[i] as number, x[at++] as number);
    }
  }
};
