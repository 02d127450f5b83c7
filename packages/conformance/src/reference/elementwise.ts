import type { DType } from '@umt/tensor';
import { at, broadcastData, broadcastShape, generate, input, type Values } from './values.ts';

type Kernel = (inputs: readonly Values[]) => readonly Values[];

/** A binary elementwise primitive, broadcasting; int32 results wrap to 32 bits. */
function binary(f: (a: number, b: number) => number, dtype?: DType): Kernel {
  return (inputs) => {
    const [a, b] = [input(inputs, 0), input(inputs, 1)];
    const shape = broadcastShape(a.shape, b.shape);
    const [left, right] = [broadcastData(a, shape), broadcastData(b, shape)];
    const out = dtype ?? a.dtype;
    const wrap = out === 'int32' ? (value: number) => value | 0 : (value: number) => value;
    return [generate(shape, out, (position) => wrap(f(at(left, position), at(right, position))))];
  };
}

function unary(f: (a: number) => number, dtype?: DType): Kernel {
  return (inputs) => {
    const a = input(inputs, 0);
    return [generate(a.shape, dtype ?? a.dtype, (position) => f(at(a.data, position)))];
  };
}

/** a where the condition is true, else b; all three broadcast. */
const select: Kernel = (inputs) => {
  const [condition, a, b] = [input(inputs, 0), input(inputs, 1), input(inputs, 2)];
  const shape = broadcastShape(condition.shape, a.shape, b.shape);
  const [where, left, right] = [condition, a, b].map((values) => broadcastData(values, shape)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return [generate(shape, a.dtype, (position) => at(at(where, position) ? left : right, position))];
};

/**
 * The error function to double precision, by the all-positive series
 * erf x = 2 / sqrt pi * exp(-x^2) * sum of 2^n x^(2n + 1) / (1 * 3 * .. * (2n + 1)).
 */
function erf(x: number): number {
  if (Number.isNaN(x) || Math.abs(x) > 6) return Number.isNaN(x) ? x : Math.sign(x);
  let term = x;
  let sum = x;
  for (let odd = 3; Math.abs(term) > Math.abs(sum) * 1e-17; odd += 2) {
    term *= (2 * x * x) / odd;
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** Every elementwise primitive. NaN goes through arithmetic, maximum and minimum; comparisons with NaN are false. */
export const elementwiseKernels = {
  add: binary((a, b) => a + b),
  subtract: binary((a, b) => a - b),
  multiply: binary((a, b) => a * b),
  divide: binary((a, b) => a / b),
  maximum: binary(Math.max),
  minimum: binary(Math.min),
  equal: binary((a, b) => Number(a === b), 'bool'),
  greater: binary((a, b) => Number(a > b), 'bool'),
  greaterEqual: binary((a, b) => Number(a >= b), 'bool'),
  logicalAnd: binary((a, b) => a * b),
  logicalNot: unary((a) => 1 - a),
  isFinite: unary((a) => Number(Number.isFinite(a)), 'bool'),
  negative: unary((a) => -a),
  absolute: unary(Math.abs),
  square: unary((a) => a * a),
  sqrt: unary(Math.sqrt),
  rsqrt: unary((a) => 1 / Math.sqrt(a)),
  exp: unary(Math.exp),
  log: unary(Math.log),
  erf: unary(erf),
  sigmoid: unary((a) => 1 / (1 + Math.exp(-a))),
  tanh: unary(Math.tanh),
  select,
};
