import {
  absolute,
  add,
  broadcastTo,
  cast,
  checkpoint,
  concat,
  cumulativeSum,
  divide,
  erf,
  exp,
  gather,
  log,
  matmul,
  max,
  maximum,
  mean,
  minimum,
  multiply,
  negative,
  pad,
  reshape,
  rsqrt,
  segmentSum,
  select,
  sigmoid,
  slice,
  softmax,
  split,
  sqrt,
  square,
  stack,
  subtract,
  sum,
  tanh,
  transpose,
  valueAndGrad,
  type Shape,
  type Tensor,
} from '@umt/tensor';
import { describe, it } from 'vitest';
import type { EngineUnderTest } from '../describe-engine.ts';
import { evaluate, expectAgreement, expectReference, withGradients } from '../evaluate.ts';
import { booleans, floats, given, integers, type HostTensor } from '../host-tensor.ts';

/** A function whose results and gradients are compared. */
interface GradientCase {
  readonly inputs: readonly HostTensor[];
  readonly run: (...inputs: readonly Tensor[]) => readonly Tensor[];
}

const PAIRS: readonly (readonly [Shape, Shape])[] = [
  [[], [3]],
  [[5], [5]],
  [
    [2, 1, 3],
    [4, 1],
  ],
  [
    [3, 1, 1, 2, 1],
    [1, 2, 1, 1, 3],
  ],
  [[197, 65], [65]],
  [
    [2, 33, 17],
    [2, 33, 1],
  ],
];

const SHAPES: readonly Shape[] = [[], [7], [3, 1, 5], [2, 3, 1, 2, 2], [97, 33]];

/** Whole numbers, many of them equal. */
const ties = (shape: Shape, seed: number): HostTensor => given([...integers(shape, { seed, high: 3 }).data], shape);

const binary = (
  f: (a: Tensor, b: Tensor) => Tensor,
  draw: (shape: Shape, seed: number) => HostTensor,
): GradientCase[] =>
  PAIRS.map(([left, right]) => ({
    inputs: [draw(left, 1), draw(right, 2)],
    run: (a, b) => (a && b ? [f(a, b)] : []),
  }));
const unary = (f: (x: Tensor) => Tensor, low = -2, high = 2, shapes = SHAPES): GradientCase[] =>
  shapes.map((shape) => ({ inputs: [floats(shape, { low, high })], run: (x) => (x ? [f(x)] : []) }));
const anywhere = (shape: Shape, seed: number) => floats(shape, { seed });
const positive = (shape: Shape, seed: number) => floats(shape, { seed, low: 0.5, high: 2 });

const AXES: readonly Shape[] = [[4], [3, 5], [2, 3, 4], [2, 1, 3, 2, 2], [97, 33]];
const reductions = (f: (x: Tensor, axis: number) => Tensor): GradientCase[] =>
  AXES.flatMap((shape) =>
    [...shape.keys()].map((axis) => ({ inputs: [floats(shape)], run: (x?: Tensor) => (x ? [f(x, axis)] : []) })),
  );

const products: GradientCase[] = (
  [
    [[], 3, 5, 7],
    [[], 97, 65, 33],
    [[2], 3, 4, 1],
    [[2, 3], 17, 8, 5],
  ] satisfies (readonly [Shape, number, number, number])[]
).flatMap(([leading, rows, inner, columns]) =>
  [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      inputs: [
        floats([...leading, ...(transposeA ? [inner, rows] : [rows, inner])], { seed: 1 }),
        floats([...leading, ...(transposeB ? [columns, inner] : [inner, columns])], { seed: 2 }),
      ],
      run: (a?: Tensor, b?: Tensor) => (a && b ? [matmul(a, b, { transposeA, transposeB })] : []),
    })),
  ),
);

const cases: Readonly<Record<string, readonly GradientCase[]>> = {
  add: binary(add, anywhere),
  subtract: binary(subtract, anywhere),
  multiply: binary(multiply, anywhere),
  divide: binary(divide, positive),
  'maximum, with ties': binary(maximum, ties),
  'minimum, with ties': binary(minimum, ties),
  select: PAIRS.map(([left, right]) => ({
    inputs: [booleans(left), floats(right, { seed: 2 }), floats(left, { seed: 3 })],
    run: (condition, a, b) => (condition && a && b ? [select(condition, a, b)] : []),
  })),
  negative: unary(negative),
  absolute: unary(absolute),
  square: unary(square),
  sqrt: unary(sqrt, 0.1, 4),
  rsqrt: unary(rsqrt, 0.1, 4),
  exp: unary(exp),
  log: unary(log, 0.1, 4),
  erf: unary(erf),
  sigmoid: unary(sigmoid, -6, 6),
  tanh: unary(tanh, -4, 4),
  cast: unary((x) => multiply(cast(cast(x, 'int32'), 'float32'), x)),
  sum: reductions((x, axes) => sum(x, { axes })),
  mean: reductions((x, axes) => mean(x, { axes, keepAxes: true })),
  max: reductions((x, axes) => max(x, { axes })),
  'max, with ties': [{ inputs: [ties([5, 7, 3], 1)], run: (x) => (x ? [max(x, { axes: [0, 1] })] : []) }],
  softmax: unary(softmax, -4, 4, AXES),
  cumulativeSum: reductions((x, axis) => cumulativeSum(x, axis, { exclusive: axis === 1 })),
  matmul: products,
  reshape: unary((x) => reshape(x, [-1, 1])),
  transpose: unary((x) => transpose(x, [...x.shape.keys()].reverse()), -2, 2, AXES),
  slice: reductions((x, axis) => {
    const start = x.shape.map((_, other) => Number(other === axis && (x.shape[axis] ?? 0) > 1));
    return slice(
      x,
      start,
      x.shape.map(() => -1),
    );
  }),
  pad: reductions((x, axis) =>
    pad(
      x,
      x.shape.map((_, other) => Number(other === axis)),
      x.shape.map(() => 1),
      2,
    ),
  ),
  'concat, twenty inputs': [
    {
      inputs: Array.from({ length: 20 }, (_, index) => floats([3, 1 + (index % 4), 5], { seed: index })),
      run: (...parts) => [concat(parts, 1)],
    },
  ],
  'split and stack': reductions((x, axis) => stack(split(x, x.shape[axis] ?? 1, axis), axis)),
  broadcast: PAIRS.map(([left, right]) => ({
    inputs: [floats(left), floats(right)],
    run: (a, b) => (a && b ? [broadcastTo(a, add(a, b).shape)] : []),
  })),
  'gather, with repeats': [
    { inputs: [floats([5, 3]), integers([2, 4], { high: 5 })], run: (x, at) => (x && at ? [gather(x, at)] : []) },
    { inputs: [floats([100, 33]), integers([197], { high: 100 })], run: (x, at) => (x && at ? [gather(x, at)] : []) },
    { inputs: [floats([5]), given([2], [], 'int32')], run: (x, at) => (x && at ? [gather(x, at)] : []) },
  ],
  segmentSum: [
    { inputs: [floats([6, 3]), integers([6], { high: 4 })], run: (x, at) => (x && at ? [segmentSum(x, at, 5)] : []) },
    {
      inputs: [floats([197, 33]), integers([197], { high: 9 })],
      run: (x, at) => (x && at ? [segmentSum(x, at, 9)] : []),
    },
  ],
};

/** The gradient of every differentiable primitive, element by element against the float64 reference. */
export function describeGradients({ engine, tolerance }: EngineUnderTest): void {
  describe('gradients', () => {
    for (const [name, group] of Object.entries(cases)) {
      it(name, async () => {
        for (const { inputs, run } of group) {
          await expectReference(engine, inputs, (tensors) => withGradients(run, tensors), tolerance);
        }
      });
    }

    it('second derivatives', async () => {
      const program = ([x, y]: readonly Tensor[]) => {
        if (!x || !y) return [];
        const inner = () => mean(exp(tanh(multiply(x, y))));
        return withGradients(() => valueAndGrad(inner, [x, y]).gradients, [x, y]);
      };
      await expectReference(engine, [floats([5, 3]), floats([3], { seed: 2 })], program, tolerance);
    });

    it('with checkpoints, bit for bit those without', async () => {
      const block = (x: Tensor, weight: Tensor) => softmax(matmul(tanh(x), weight));
      const chain = (wrap: typeof checkpoint) => (tensors: readonly Tensor[]) =>
        withGradients((x, weight) => {
          if (!x || !weight) return [];
          return [[1, 2, 3].reduce((y) => wrap((a = y, b = weight) => block(a, b), y, weight), x)];
        }, tensors);
      const inputs = [floats([17, 9]), floats([9, 9], { seed: 2 })];
      const plain = await evaluate(
        engine,
        inputs,
        chain((f, ...given) => f(...given)),
      );
      expectAgreement(await evaluate(engine, inputs, chain(checkpoint)), plain, 0);
    });
  });
}
