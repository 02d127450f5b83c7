import type { DType, Shape } from '@umt/tensor';
import { booleans, floats, given, integers, type Draw, type HostTensor } from '../host-tensor.ts';
import type { PrimitiveCase, PrimitiveCases } from './contract.ts';

type Drawer = (shape: Shape, draw?: Draw) => HostTensor;
const EVERY_DTYPE: readonly Drawer[] = [floats, integers, booleans];
const NUMBERS: readonly Drawer[] = [floats, (shape, draw) => integers(shape, { low: -9, ...draw })];

const reshapes: readonly (readonly [Shape, Shape])[] = [
  [[], [1, 1]],
  [[1], []],
  [
    [2, 3, 4],
    [6, 4],
  ],
  [[6], [1, 2, 1, 3, 1]],
  [
    [0, 3],
    [3, 0, 2],
  ],
  [[197, 65], [12805]],
];

function permutationsOf(axes: readonly number[]): readonly (readonly number[])[] {
  if (axes.length <= 1) return [axes];
  return axes.flatMap((first) => permutationsOf(axes.filter((axis) => axis !== first)).map((rest) => [first, ...rest]));
}

const transposes: readonly (readonly [Shape, readonly number[]])[] = [
  ...permutationsOf([0]).map((order) => [[5], order] as const),
  ...permutationsOf([0, 1]).map((order) => [[4, 7], order] as const),
  ...permutationsOf([0, 1, 2]).map((order) => [[3, 1, 5], order] as const),
  ...permutationsOf([0, 1, 2, 3]).map((order) => [[2, 3, 4, 5], order] as const),
  ...permutationsOf([0, 1, 2, 3, 4])
    .filter((_, index) => index % 7 === 3)
    .map((order) => [[2, 3, 1, 4, 2], order] as const),
  [
    [2, 197, 3, 65],
    [0, 2, 1, 3],
  ],
  [
    [33, 197],
    [1, 0],
  ],
  [
    [0, 3],
    [1, 0],
  ],
];

const slices: readonly (readonly [Shape, Shape, Shape])[] = [
  [[9], [2], [4]],
  [
    [4, 5],
    [1, 2],
    [2, 1],
  ],
  [
    [4, 5],
    [0, 0],
    [4, 5],
  ],
  [
    [4, 5],
    [4, 0],
    [0, 5],
  ],
  [
    [3, 4, 5],
    [1, 0, 3],
    [2, 4, 2],
  ],
  [
    [2, 3, 4, 5],
    [1, 1, 1, 1],
    [1, 2, 2, 3],
  ],
  [
    [2, 3, 2, 4, 3],
    [0, 1, 1, 2, 0],
    [2, 2, 1, 2, 1],
  ],
  [
    [197, 3, 65],
    [1, 2, 0],
    [196, 1, 65],
  ],
  [[], [], []],
];

const paddings: readonly (readonly [Shape, Shape, Shape])[] = [
  [[3], [2], [1]],
  [
    [2, 3],
    [0, 1],
    [1, 0],
  ],
  [
    [2, 3],
    [0, 0],
    [0, 0],
  ],
  [
    [2, 1, 3],
    [1, 0, 2],
    [0, 3, 1],
  ],
  [
    [2, 1, 3, 2],
    [1, 0, 0, 2],
    [0, 1, 0, 1],
  ],
  [
    [1, 2, 1, 3, 2],
    [1, 0, 0, 0, 2],
    [0, 1, 1, 0, 1],
  ],
  [
    [0, 2],
    [1, 1],
    [2, 0],
  ],
  [
    [196, 65],
    [1, 0],
    [0, 0],
  ],
];

const concats: readonly (readonly [readonly Shape[], number])[] = [
  [[[3], [1], [4]], 0],
  [[[2, 3]], 1],
  [
    [
      [2, 3],
      [2, 1],
      [2, 0],
      [2, 5],
    ],
    1,
  ],
  [
    [
      [2, 3],
      [1, 3],
    ],
    0,
  ],
  [
    [
      [2, 3, 2],
      [2, 4, 2],
    ],
    1,
  ],
  [
    [
      [2, 1, 3, 2],
      [2, 1, 3, 5],
    ],
    3,
  ],
  [
    [
      [2, 1, 3, 2, 1],
      [2, 1, 1, 2, 1],
    ],
    2,
  ],
  [Array.from({ length: 20 }, (_, index) => [2, 1 + (index % 3), 5]), 1],
  [Array.from({ length: 20 }, () => [33, 65]), 0],
  [Array.from({ length: 20 }, () => [33, 7]), 1],
];

const broadcasts: readonly (readonly [Shape, Shape])[] = [
  [[], [3]],
  [[1], [7]],
  [[3], [2, 3]],
  [
    [2, 1],
    [2, 5],
  ],
  [
    [2, 1, 3],
    [4, 2, 5, 3],
  ],
  [
    [1, 3, 1, 2, 1],
    [2, 3, 4, 2, 3],
  ],
  [[1], [0]],
  [
    [1, 65],
    [197, 65],
  ],
  [
    [197, 1],
    [197, 65],
  ],
];

const gathers: readonly (readonly [Shape, HostTensor])[] = [
  [[5], given([4, 0, 4], [3], 'int32')],
  [[5, 3], given([2], [], 'int32')],
  [[5, 3], integers([2, 4], { high: 5 })],
  [[4, 1, 3], integers([3], { high: 4 })],
  [[3, 2, 2, 2], integers([2, 1, 2], { high: 3 })],
  [[4, 3], integers([0])],
  [[1000, 65], integers([2, 99], { high: 1000 })],
];

const segmentSums: readonly (readonly [Shape, HostTensor, number])[] = [
  [[4], given([0, 2, 0, 2], [4], 'int32'), 3],
  [[5, 3], given([4, 4, 4, 4, 4], [5], 'int32'), 6],
  [[4, 1, 3], integers([4], { high: 2 }), 2],
  [[3, 2, 2, 2], integers([3], { high: 5 }), 5],
  [[0, 3], integers([0]), 2],
  [[197, 65], integers([197], { high: 33 }), 33],
  [[2, 1], given([0, 1], [2], 'int32'), 2],
];

const topKs: readonly (readonly [HostTensor, number])[] = [
  [floats([1]), 1],
  [floats([9]), 4],
  [floats([9]), 9],
  [given([1, 3, 3, 2, 3, 1, 1, 1], [2, 4]), 3],
  [floats([2, 1, 3, 7]), 2],
  [floats([197]), 40],
  [floats([3, 1568]), 313],
  [given(Array<number>(50).fill(0.25)), 20],
];

const cast = (
  [
    ['float32', floats([197, 7], { low: -9, high: 9 })],
    ['float32', given([0, -0, 0.9, -0.9, 1.5, -1.5, 100000.7, -1e-30])],
    ['int32', integers([3, 1, 4], { low: -5 })],
    ['bool', booleans([2, 3])],
    ['float32', floats([])],
    ['int32', integers([0])],
  ] satisfies (readonly [DType, HostTensor])[]
).flatMap(([from, x]) =>
  (['float32', 'int32', 'bool'] satisfies DType[])
    .filter((dtype) => dtype !== from)
    .map((dtype) => ({ inputs: [x], attributes: { dtype } })),
);

const fills: readonly PrimitiveCase<'fill'>['attributes'][] = [
  { shape: [], value: 1.5, dtype: 'float32' },
  { shape: [2, 3], value: -3.4028234663852886e38, dtype: 'float32' },
  { shape: [1, 2, 1, 2, 1], value: 0.1, dtype: 'float32' },
  { shape: [0, 3], value: 1, dtype: 'float32' },
  { shape: [3], value: NaN, dtype: 'float32' },
  { shape: [3], value: -Infinity, dtype: 'float32' },
  { shape: [2, 2], value: -7, dtype: 'int32' },
  { shape: [3], value: 2 ** 31 - 1, dtype: 'int32' },
  { shape: [5], value: 1, dtype: 'bool' },
  { shape: [5], value: 0, dtype: 'bool' },
];

/** Calls of every primitive that moves elements, counts them or changes their type. */
export const layoutCases: PrimitiveCases<
  | 'reshape'
  | 'transpose'
  | 'slice'
  | 'pad'
  | 'concat'
  | 'broadcast'
  | 'gather'
  | 'segmentSum'
  | 'topK'
  | 'oneHot'
  | 'cast'
  | 'fill'
> = {
  reshape: reshapes.flatMap(([from, shape]) =>
    EVERY_DTYPE.map((draw) => ({ inputs: [draw(from)], attributes: { shape } })),
  ),
  transpose: transposes.flatMap(([shape, permutation], index) =>
    // every order in float32, every third in all dtypes
    (index % 3 === 0 ? EVERY_DTYPE : [floats]).map((draw) => ({ inputs: [draw(shape)], attributes: { permutation } })),
  ),
  slice: slices.flatMap(([shape, start, size]) =>
    EVERY_DTYPE.map((draw) => ({ inputs: [draw(shape)], attributes: { start, size } })),
  ),
  pad: paddings.flatMap(([shape, before, after]) =>
    NUMBERS.flatMap((draw) => [0, 5].map((value) => ({ inputs: [draw(shape)], attributes: { before, after, value } }))),
  ),
  concat: concats.flatMap(([shapes, axis]) =>
    EVERY_DTYPE.map((draw) => ({ inputs: shapes.map((shape, seed) => draw(shape, { seed })), attributes: { axis } })),
  ),
  broadcast: broadcasts.flatMap(([from, shape]) =>
    EVERY_DTYPE.map((draw) => ({ inputs: [draw(from)], attributes: { shape } })),
  ),
  gather: gathers.flatMap(([shape, indices]) =>
    EVERY_DTYPE.map((draw) => ({ inputs: [draw(shape), indices], attributes: {} })),
  ),
  segmentSum: segmentSums.map(([shape, segments, count]) => ({
    inputs: [floats(shape), segments],
    attributes: { count },
  })),
  topK: topKs.map(([x, k]) => ({ inputs: [x], attributes: { k } })),
  oneHot: ([[], [4], [2, 3], [2, 1, 2, 2], [197]] satisfies Shape[]).flatMap((shape) =>
    [1, 5].map((depth) => ({ inputs: [integers(shape, { low: -2, high: 7 })], attributes: { depth } })),
  ),
  cast,
  fill: fills.map((attributes) => ({ inputs: [], attributes })),
};
