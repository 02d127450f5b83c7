import type { CompositeAttributes, CompositeName, Shape } from '@umt/tensor';
import { booleans, floats, given, type HostTensor } from '../host-tensor.ts';

/** One call of a composite; an optional input that is not given is null. */
export interface CompositeCase<C extends CompositeName> {
  readonly inputs: readonly (HostTensor | null)[];
  readonly attributes: CompositeAttributes[C];
  /** The test's name, where shapes do not say it. */
  readonly what?: string;
}

const linear: CompositeCase<'linear'>[] = (
  [
    [[3], 5],
    [[1, 1], 1],
    [[4, 3], 5],
    [[2, 1, 3], 4],
    [[2, 3, 1, 2, 7], 2],
    [[0, 3], 2],
    [[3, 0], 2],
    [[197, 65], 33],
    [[2, 50, 192], 64],
  ] satisfies (readonly [Shape, number])[]
).flatMap(([shape, out]) =>
  [floats([out], { seed: 3 }), null].map((bias) => ({
    inputs: [floats(shape), floats([out, shape.at(-1) ?? 0], { seed: 2 }), bias],
    attributes: {},
  })),
);

const layerNorm: CompositeCase<'layerNorm'>[] = (
  [[5], [1], [3, 7], [4, 1], [2, 1, 6], [2, 3, 1, 2, 5], [0, 4], [197, 65], [33, 768]] satisfies Shape[]
).map((shape) => ({
  inputs: [floats(shape), floats([shape.at(-1) ?? 1], { seed: 2, low: 0.5 }), floats([shape.at(-1) ?? 1], { seed: 3 })],
  attributes: { epsilon: 1e-5 },
}));
const FAR_FROM_ZERO: CompositeCase<'layerNorm'> = {
  what: 'rows whose mean is a hundred times their deviation',
  inputs: [floats([9, 64], { low: 99, high: 101 }), floats([64], { seed: 2 }), floats([64], { seed: 3 })],
  attributes: { epsilon: 1e-6 },
};

const ACTIVATED: readonly Shape[] = [[], [7], [3, 1, 5], [2, 3, 1, 2, 5], [0, 3], [197, 65]];
const activation = ACTIVATED.flatMap((shape) => [
  { inputs: [floats(shape, { low: -6, high: 6 })], attributes: {} },
  { inputs: [floats(shape, { seed: 2, low: -0.1, high: 0.1 })], attributes: {} },
]);

const l2Normalize: CompositeCase<'l2Normalize'>[] = (
  [[5], [1], [3, 7], [2, 1, 6], [2, 3, 1, 2, 5], [0, 4], [33, 512]] satisfies Shape[]
).map((shape) => ({ inputs: [floats(shape)], attributes: { epsilon: 1e-12 } }));

/** Rows that sum to 1: soft labels, and one certain label. */
function targets(rows: number, classes: number): HostTensor {
  const raw = Array.from(floats([rows, classes], { seed: 2, low: 0, high: 1 }).data);
  const elements = raw.map((value, at) => {
    const row = Math.floor(at / classes);
    if (row === 0) return Number(at % classes === classes - 1);
    return value / raw.slice(row * classes, (row + 1) * classes).reduce((a, b) => a + b, 0);
  });
  return given(elements, [rows, classes]);
}

const softmaxCrossEntropy: CompositeCase<'softmaxCrossEntropy'>[] = [
  ...[
    [1, 1],
    [1, 5],
    [4, 1],
    [3, 7],
    [33, 197],
  ].map(([rows = 1, classes = 1]) => ({
    inputs: [floats([rows, classes], { low: -8, high: 8 }), targets(rows, classes)],
    attributes: {},
  })),
  {
    what: 'logits that overflow exp',
    inputs: [given([1000, 0, -1000, 500, 500, -500], [2, 3]), targets(2, 3)],
    attributes: {},
  },
];

/** Unique token indices per sample, in no order. */
function picks(batch: number, tokens: number, picked: number): HostTensor {
  const elements = Array.from({ length: batch }, (_, sample) =>
    Array.from({ length: picked }, (_, at) => (at * 7 + sample * 3) % tokens),
  ).flat();
  return given(elements, [batch, picked], 'int32');
}

const selectTokens: CompositeCase<'selectTokens'>[] = (
  [
    [[2, 5, 3], 3],
    [[1, 1, 4], 1],
    [[3, 4], 2],
    [[2, 5, 2, 3], 5],
    [[2, 5, 1, 2, 3], 4],
    [[2, 5, 3], 0],
    [[2, 197, 65], 40],
  ] satisfies (readonly [Shape, number])[]
).map(([shape, picked]) => ({
  inputs: [floats(shape), picks(shape[0] ?? 1, shape[1] ?? 1, picked)],
  attributes: { tokens: shape[1] ?? 1 },
}));

const attention: CompositeCase<'attention'>[] = (
  [
    // batch, queries, keys, width, heads
    [1, 1, 1, 1, 1],
    [1, 3, 5, 4, 1],
    [2, 3, 5, 6, 3],
    [2, 5, 1, 4, 2],
    [2, 1, 7, 8, 2],
    [3, 4, 4, 5, 5],
    [1, 197, 197, 99, 3],
    [2, 33, 65, 64, 2],
  ] satisfies (readonly [number, number, number, number, number])[]
).flatMap(([batch, queries, keys, width, heads]) => {
  const inputs = [
    floats([batch, queries, width]),
    floats([batch, keys, width], { seed: 2 }),
    floats([batch, keys, width], { seed: 3 }),
  ];
  const attributes = { heads, scale: (width / heads) ** -0.5, causal: false };
  const isLarge = queries > 100;
  const plain = { inputs: [...inputs, null], attributes };
  const causal = { inputs: [...inputs, null], attributes: { ...attributes, causal: true } };
  const masked = { inputs: [...inputs, booleans([batch, keys], { seed: 4 })], attributes };
  const both = { ...masked, attributes: causal.attributes };
  return isLarge ? [plain] : [plain, causal, masked, both];
});
const NOTHING_VISIBLE: CompositeCase<'attention'> = {
  what: 'a sample whose keys are all hidden attends evenly, with no gradient through its scores',
  inputs: [
    floats([2, 3, 4]),
    floats([2, 5, 4], { seed: 2 }),
    floats([2, 5, 4], { seed: 3 }),
    given([1, 0, 0, 1, 1, 0, 0, 0, 0, 0], [2, 5], 'bool'),
  ],
  attributes: { heads: 2, scale: 0.7, causal: false },
};
const LARGE_SCORES: CompositeCase<'attention'> = {
  what: 'scores that overflow exp',
  inputs: [
    floats([1, 4, 2], { low: -300, high: 300 }),
    floats([1, 5, 2], { seed: 2, low: -300, high: 300 }),
    floats([1, 5, 2], { seed: 3 }),
    null,
  ],
  attributes: { heads: 1, scale: 1, causal: false },
};

/** Calls of every composite. */
export const compositeCases: { readonly [C in CompositeName]: readonly CompositeCase<C>[] } = {
  linear,
  layerNorm: [FAR_FROM_ZERO, ...layerNorm],
  gelu: activation,
  quickGelu: activation,
  attention: [NOTHING_VISIBLE, LARGE_SCORES, ...attention],
  selectTokens,
  l2Normalize,
  softmaxCrossEntropy,
};
