import type { Shape } from '@umt/tensor';
import { floats, given, integers } from '../host-tensor.ts';
import type { PrimitiveCase, PrimitiveCases } from './contract.ts';

/** Shapes with the axes to reduce: first, last, middle, several, all; ranks 1 to 5; length-1 axes; large ones. */
const REDUCTIONS: readonly (readonly [Shape, readonly number[]])[] = [
  [[1], [0]],
  [[9], [0]],
  [[4, 3], [0]],
  [[4, 3], [1]],
  [
    [4, 3],
    [0, 1],
  ],
  [[3, 4, 2], [1]],
  [
    [3, 4, 2],
    [0, 2],
  ],
  [[2, 1, 3], [1]],
  [
    [2, 3, 4, 5],
    [1, 3],
  ],
  [
    [2, 3, 4, 5],
    [0, 1, 2],
  ],
  [
    [2, 3, 1, 4, 2],
    [0, 2, 4],
  ],
  [
    [2, 3, 1, 4, 2],
    [1, 2, 3],
  ],
  [[197, 65], [0]],
  [[197, 65], [1]],
  [
    [197, 65],
    [0, 1],
  ],
  [[70001], [0]],
];

const reductions = (draw: (shape: Shape) => PrimitiveCase<'sum'>['inputs'][number]) =>
  REDUCTIONS.flatMap(([shape, axes]) =>
    [true, false].map((keepAxes) => ({ inputs: [draw(shape)], attributes: { axes, keepAxes } })),
  );

/** Leading axes, rows, inner length, columns. */
const PRODUCTS: readonly (readonly [Shape, number, number, number])[] = [
  [[], 1, 1, 1],
  [[], 1, 7, 1],
  [[], 5, 1, 3],
  [[], 3, 5, 7],
  [[], 64, 64, 64],
  [[], 197, 65, 33],
  [[], 1, 768, 50],
  [[], 130, 768, 1],
  [[3], 5, 4, 2],
  [[3], 197, 65, 33],
  [[2, 3], 4, 5, 6],
  [[1, 1], 2, 3, 2],
  [[2, 1, 3], 1, 6, 5],
  [[], 3, 0, 2],
  [[], 0, 3, 2],
  [[0], 2, 3, 2],
];

const matmul = PRODUCTS.flatMap(([leading, rows, inner, columns]) =>
  [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      inputs: [
        floats([...leading, ...(transposeA ? [inner, rows] : [rows, inner])], { seed: 1 }),
        floats([...leading, ...(transposeB ? [columns, inner] : [inner, columns])], { seed: 2 }),
      ],
      attributes: { transposeA, transposeB },
    })),
  ),
);

const SOFTMAX: readonly Shape[] = [[1], [5], [3, 1], [2, 3, 7], [2, 3, 1, 2, 6], [197, 197], [3, 1000], [0, 4]];

const cumulativeSum = ([[5], [1], [4, 3], [2, 3, 4], [2, 1, 3, 2, 2], [33, 65]] satisfies Shape[]).flatMap((shape) =>
  [...shape.keys()].flatMap((axis) =>
    [false, true].flatMap((exclusive) =>
      [floats(shape), integers(shape)].map((x) => ({ inputs: [x], attributes: { axis, exclusive } })),
    ),
  ),
);

/** Calls of every primitive that sums or looks for the largest. */
export const reduceCases: PrimitiveCases<'sum' | 'max' | 'softmax' | 'cumulativeSum' | 'matmul'> = {
  sum: [
    ...reductions((shape) => floats(shape)),
    ...reductions((shape) => integers(shape, { low: -9 })),
    { inputs: [floats([0, 3])], attributes: { axes: [0], keepAxes: false } },
    { inputs: [floats([3, 0])], attributes: { axes: [0], keepAxes: true } },
  ],
  max: [
    ...reductions((shape) => floats(shape)),
    ...reductions((shape) => floats(shape, { low: -9, high: -1 })),
    { inputs: [floats([0, 3])], attributes: { axes: [1], keepAxes: false } },
  ],
  softmax: [
    ...SOFTMAX.map((shape) => ({ inputs: [floats(shape, { low: -8, high: 8 })], attributes: {} })),
    { inputs: [given([1000, 1000, -1000, 3e38, -3e38, 0], [2, 3])], attributes: {} },
  ],
  cumulativeSum,
  matmul,
};
