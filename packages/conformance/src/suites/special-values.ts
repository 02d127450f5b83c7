import type { PrimitiveAttributes, PrimitiveName } from '@umt/tensor';
import { describe, it } from 'vitest';
import type { EngineUnderTest } from '../describe-engine.ts';
import { expectReference } from '../evaluate.ts';
import { floats, given, type HostTensor } from '../host-tensor.ts';
import { programOf } from './primitives.ts';

const LARGEST = 3.4028234663852886e38;
const SPECIAL = [0, -0, 1, -1, Infinity, -Infinity, NaN, LARGEST, -LARGEST, 1e-20];

/** Every special value against every other. */
const left = given(SPECIAL.flatMap((value) => SPECIAL.map(() => value)));
const right = given(SPECIAL.flatMap(() => SPECIAL));
const withoutNaN = SPECIAL.filter((value) => !Number.isNaN(value));

interface SpecialCase<P extends PrimitiveName> {
  readonly primitive: P;
  readonly what: string;
  readonly inputs: readonly HostTensor[];
  readonly attributes: PrimitiveAttributes[P];
}

function special<P extends PrimitiveName>(
  primitive: P,
  what: string,
  inputs: readonly HostTensor[],
  attributes: PrimitiveAttributes[P],
): SpecialCase<P> {
  return { primitive, what, inputs, attributes };
}

const elementwise = [
  ...(['add', 'subtract', 'multiply', 'divide', 'equal', 'greater', 'greaterEqual'] as const).map((primitive) =>
    special(primitive, 'with every pair of special values', [left, right], {}),
  ),
  ...(['maximum', 'minimum'] as const).map((primitive) =>
    special(
      primitive,
      'with infinities',
      [given(withoutNaN.flatMap((value) => withoutNaN.map(() => value))), given(withoutNaN.flatMap(() => withoutNaN))],
      {},
    ),
  ),
  ...(
    ['isFinite', 'negative', 'absolute', 'square', 'sqrt', 'rsqrt', 'exp', 'log', 'erf', 'sigmoid', 'tanh'] as const
  ).map((primitive) => special(primitive, 'of special values', [given(SPECIAL)], {})),
  special('exp', 'overflows to infinity and underflows to zero', [given([89, 200, -104, -200])], {}),
  special('sigmoid', 'saturates', [given([-200, -90, 90, 200])], {}),
  special('tanh', 'saturates, and is the identity near zero', [given([-200, 20, 1e-8, -1e-4])], {}),
  special('erf', 'saturates, and is linear near zero', [given([-200, 4, 1e-8, -1e-4])], {}),
];

const selection = [
  special(
    'select',
    'keeps the side not taken out, whatever it holds',
    [given([1, 0, 1, 0], [4], 'bool'), given([1, NaN, Infinity, NaN]), given([NaN, 2, NaN, -Infinity])],
    {},
  ),
  special('cast', 'from NaN and infinities to bool gives true', [given([NaN, Infinity, -Infinity, 0])], {
    dtype: 'bool',
  }),
  special('gather', 'moves NaN and infinities', [given(SPECIAL), given([6, 4, 5, 1], [4], 'int32')], {}),
  special('concat', 'moves NaN and infinities', [given(SPECIAL), given(SPECIAL)], { axis: 0 }),
  special('topK', 'orders infinities', [given([1, -Infinity, Infinity, 0, -LARGEST])], { k: 5 }),
  special('pad', 'with infinity', [given([1, 2])], { before: [1], after: [1], value: -Infinity }),
];

const sums = [
  special('sum', 'over NaN is NaN, in its own row', [given([1, NaN, 2, 3], [2, 2])], { axes: [1], keepAxes: false }),
  special('sum', 'over NaN is NaN, in its own column', [given([1, NaN, 2, 3], [2, 2])], { axes: [0], keepAxes: false }),
  special('sum', 'over infinities of both signs is NaN', [given([Infinity, -Infinity, Infinity, 1], [2, 2])], {
    axes: [1],
    keepAxes: false,
  }),
  special('sum', 'over a NaN far inside', [given(Array.from({ length: 5000 }, (_, at) => (at === 4321 ? NaN : 1)))], {
    axes: [0],
    keepAxes: false,
  }),
  special('max', 'over infinities', [given([-Infinity, -Infinity, Infinity, 1], [2, 2])], {
    axes: [1],
    keepAxes: false,
  }),
  special('cumulativeSum', 'carries NaN on', [given([1, NaN, 2])], { axis: 0, exclusive: false }),
  special('segmentSum', 'keeps NaN in its segment', [given([1, NaN, 2]), given([0, 1, 0], [3], 'int32')], { count: 3 }),
  special('softmax', 'of a row with NaN is NaN, and other rows are not', [given([1, NaN, 2, 1, 2, 3], [2, 3])], {}),
  special('softmax', 'gives hidden scores nothing', [given([-LARGEST, 1, 2, 0, -Infinity, 0], [2, 3])], {}),
  special('softmax', 'is even where every score is hidden', [given(Array<number>(7).fill(-LARGEST), [1, 7])], {}),
  special(
    'matmul',
    'carries NaN and infinity into their own rows and columns, 0 times infinity included',
    [given([1, NaN, 0, 2, 3, 4], [3, 2]), given([1, Infinity, 0, 2, 0, 5], [2, 3])],
    { transposeA: false, transposeB: false },
  ),
  special(
    'matmul',
    'with one NaN in a large product',
    [
      {
        ...floats([130, 70]),
        data: Float32Array.from(floats([130, 70]).data, (value, at) => (at === 777 ? NaN : value)),
      },
      floats([70, 33], { seed: 2 }),
    ],
    { transposeA: false, transposeB: false },
  ),
];

/** NaN and infinities go through arithmetic and stay out of what was not selected, as the contract says. */
export function describeSpecialValues({ engine, tolerance }: EngineUnderTest): void {
  describe('NaN and infinities', () => {
    for (const { primitive, what, inputs, attributes } of [...elementwise, ...selection, ...sums]) {
      it(`${primitive} ${what}`, async () => {
        await expectReference(engine, inputs, programOf(primitive, attributes), tolerance);
      });
    }
  });
}
