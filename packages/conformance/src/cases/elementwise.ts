import type { Shape } from '@umt/tensor';
import { booleans, floats, integers, type HostTensor } from '../host-tensor.ts';
import type { PrimitiveCases } from './contract.ts';

/** Pairs of shapes that broadcast: not at all, on one side, on both; scalars, length-1 axes, ranks 1 to 5, large ones. */
const PAIRS: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[5], []],
  [[], [2, 3]],
  [[7], [7]],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [
    [4, 1],
    [1, 3],
  ],
  [
    [2, 1, 3],
    [4, 1],
  ],
  [
    [2, 3, 4, 5],
    [2, 3, 1, 1],
  ],
  [
    [3, 1, 1, 2, 1],
    [1, 2, 1, 1, 3],
  ],
  [
    [2, 3, 1, 2, 2],
    [2, 3, 1, 2, 2],
  ],
  [
    [0, 3],
    [1, 3],
  ],
  [[197, 65], [65]],
  [
    [197, 65],
    [197, 1],
  ],
  [
    [2, 197, 33],
    [1, 197, 33],
  ],
  [
    [33, 1, 17],
    [1, 29, 1],
  ],
];

const SHAPES: readonly Shape[] = [[], [1], [7], [3, 1, 5], [2, 3, 1, 2, 5], [0, 4], [197, 65]];

const binary = (left: (shape: Shape) => HostTensor, right: (shape: Shape) => HostTensor, pairs = PAIRS) =>
  pairs.map(([a, b]) => ({ inputs: [left(a), right(b)], attributes: {} }));

const few = PAIRS.filter((_, index) => index % 3 === 1);
const anyNumber = (seed: number) => (shape: Shape) => floats(shape, { seed });
const awayFromZero = (shape: Shape) => floats(shape, { seed: 2, low: 0.5, high: 3 });
const anyInteger = (seed: number) => (shape: Shape) => integers(shape, { seed, low: -50, high: 50 });
const smallInteger = (seed: number) => (shape: Shape) => integers(shape, { seed, low: 0, high: 3 });
/** Whole numbers as float32, many of them equal. */
const ties =
  (seed: number) =>
  (shape: Shape): HostTensor => ({
    shape,
    dtype: 'float32',
    data: Float32Array.from(integers(shape, { seed, low: -2, high: 2 }).data),
  });

const arithmetic = () => [...binary(anyNumber(1), anyNumber(2)), ...binary(anyInteger(1), anyInteger(2), few)];
const extremum = () => [...arithmetic(), ...binary(ties(1), ties(2), few)];
const comparison = () => [
  ...binary(ties(1), ties(2)),
  ...binary(anyNumber(1), anyNumber(2), few),
  ...binary(smallInteger(1), smallInteger(2), few),
];
const unary = (low: number, high: number) =>
  SHAPES.map((shape) => ({ inputs: [floats(shape, { low, high })], attributes: {} }));

const selections: readonly (readonly [Shape, Shape, Shape])[] = [
  [[], [], []],
  [[5], [5], [5]],
  [[], [2, 3], [3]],
  [[2, 1], [3], []],
  [[2, 3, 4, 1, 1], [1], [2, 1, 4, 5, 3]],
  [[197, 1], [197, 65], [65]],
  [[0], [1], [1]],
];
const select = selections.flatMap(([condition, a, b]) =>
  [floats, integers, booleans].map((draw) => ({
    inputs: [booleans(condition), draw(a, { seed: 2 }), draw(b, { seed: 3 })],
    attributes: {},
  })),
);

/** Calls of every elementwise primitive. */
export const elementwiseCases: PrimitiveCases<
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'maximum'
  | 'minimum'
  | 'equal'
  | 'greater'
  | 'greaterEqual'
  | 'logicalAnd'
  | 'logicalNot'
  | 'isFinite'
  | 'negative'
  | 'absolute'
  | 'square'
  | 'sqrt'
  | 'rsqrt'
  | 'exp'
  | 'log'
  | 'erf'
  | 'sigmoid'
  | 'tanh'
  | 'select'
> = {
  add: arithmetic(),
  subtract: arithmetic(),
  multiply: arithmetic(),
  divide: binary(anyNumber(1), awayFromZero),
  maximum: extremum(),
  minimum: extremum(),
  equal: comparison(),
  greater: comparison(),
  greaterEqual: comparison(),
  logicalAnd: binary(
    (shape) => booleans(shape),
    (shape) => booleans(shape, { seed: 2 }),
  ),
  logicalNot: SHAPES.map((shape) => ({ inputs: [booleans(shape)], attributes: {} })),
  isFinite: unary(-1, 1),
  negative: unary(-2, 2),
  absolute: unary(-2, 2),
  square: unary(-20, 20),
  sqrt: unary(0, 40),
  rsqrt: unary(1e-3, 40),
  exp: [...unary(-3, 3), ...unary(-80, 10)],
  log: [...unary(1e-3, 3), ...unary(1, 1e30)],
  erf: [...unary(-5, 5), ...unary(-1e-3, 1e-3)],
  sigmoid: [...unary(-5, 5), ...unary(-60, 60)],
  tanh: [...unary(-5, 5), ...unary(-1e-3, 1e-3)],
  select,
};
