import type { GradientRule } from '../dispatch.ts';
import type { Shape } from '../dtype.ts';
import { cast, divide, equal, multiply, subtract } from '../operations/elementwise.ts';
import { matmul } from '../operations/matmul.ts';
import { sum } from '../operations/reduce.ts';
import { broadcastTo, cumulativeSum, reshape } from '../operations/shape.ts';
import type { PrimitiveName } from '../primitives.ts';
import type { Tensor } from '../tensor.ts';
import { both } from './elementwise.ts';

/** Gradient rules of the primitives that sum or look for the largest. */
export const reduceRules: { readonly [P in PrimitiveName]?: GradientRule<P> } = {
  sum: { backward: ({ gradient, attributes: { axes }, shape }) => [spread(gradient, axes, shape(0))] },
  max: {
    reads: [[0]],
    readsOutput: true,
    backward: ({ gradient, input, output, attributes: { axes }, shape }) => {
      const x = input(0);
      const isLargest = cast(equal(x, spread(output(), axes, shape(0))), x.dtype);
      const count = sum(isLargest, { axes, keepAxes: true });
      return [divide(multiply(isLargest, spread(gradient, axes, shape(0))), count)];
    },
  },
  softmax: {
    readsOutput: true,
    backward: ({ gradient, output }) => {
      const y = output();
      const product = multiply(gradient, y);
      return [subtract(product, multiply(y, sum(product, { axes: -1, keepAxes: true })))];
    },
  },
  matmul: {
    reads: [[1], [0]],
    backward: ({ gradient, input, attributes: { transposeA, transposeB }, needs }) =>
      both(
        needs,
        () =>
          transposeA
            ? matmul(input(1), gradient, { transposeA: transposeB, transposeB: true })
            : matmul(gradient, input(1), { transposeB: !transposeB }),
        () =>
          transposeB
            ? matmul(gradient, input(0), { transposeA: true, transposeB: transposeA })
            : matmul(input(0), gradient, { transposeA: !transposeA }),
      ),
  },
  cumulativeSum: {
    // element i reaches every later sum: the total without the sums before it
    backward: ({ gradient, attributes: { axis, exclusive } }) => {
      const total = sum(gradient, { axes: axis, keepAxes: true });
      return [subtract(total, cumulativeSum(gradient, axis, { exclusive: !exclusive }))];
    },
  },
};

/** Spreads a reduced tensor back over the axes it lost. */
function spread(reduced: Tensor, axes: readonly number[], shape: Shape): Tensor {
  const kept = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  return broadcastTo(reshape(reduced, kept), shape);
}
