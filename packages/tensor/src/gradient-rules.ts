import type { GradientContext, GradientRule } from './dispatch.ts';
import { fullLike } from './operations/create.ts';
import {
  add,
  cast,
  divide,
  equal,
  exp,
  greater,
  multiply,
  negative,
  select,
  square,
  subtract,
} from './operations/elementwise.ts';
import { matmul } from './operations/matmul.ts';
import { sum } from './operations/reduce.ts';
import {
  broadcastTo,
  cumulativeSum,
  gather,
  pad,
  reshape,
  segmentSum,
  slice,
  split,
  sumToShape,
  transpose,
} from './operations/shape.ts';
import type { Shape } from './dtype.ts';
import type { PrimitiveName } from './primitives.ts';
import type { Tensor } from './tensor.ts';

/** The rule of every differentiable primitive. A primitive without one (comparison, topK, oneHot, fill) gives constants. */
export const gradientRules: { readonly [P in PrimitiveName]?: GradientRule<P> } = {
  add: {
    backward: ({ gradient, inputShapes: [a, b], needs }) =>
      both(
        needs,
        () => to(gradient, a),
        () => to(gradient, b),
      ),
  },
  subtract: {
    backward: ({ gradient, inputShapes: [a, b], needs }) =>
      both(
        needs,
        () => to(gradient, a),
        () => negative(to(gradient, b)),
      ),
  },
  multiply: {
    savesInputs: [0, 1],
    backward: ({ saved, gradient, inputShapes: [a, b], needs }) => {
      const [x, y] = two(saved);
      return both(
        needs,
        () => to(multiply(gradient, y), a),
        () => to(multiply(gradient, x), b),
      );
    },
  },
  divide: {
    savesInputs: [0, 1],
    backward: ({ saved, gradient, inputShapes: [a, b], needs }) => {
      const [x, y] = two(saved);
      return both(
        needs,
        () => to(divide(gradient, y), a),
        () => to(negative(divide(multiply(gradient, x), square(y))), b),
      );
    },
  },
  maximum: { savesInputs: [0, 1], backward: (context) => extremum(context, greater) },
  minimum: { savesInputs: [0, 1], backward: (context) => extremum(context, (x, y) => greater(y, x)) },
  select: {
    savesInputs: [0],
    backward: ({ saved, gradient, inputShapes: [, a, b], needs }) => {
      const condition = one(saved);
      return [
        null,
        needs[1] ? to(select(condition, gradient, 0), a) : null,
        needs[2] ? to(select(condition, 0, gradient), b) : null,
      ];
    },
  },

  negative: { backward: ({ gradient }) => [negative(gradient)] },
  absolute: {
    savesInputs: [0],
    backward: ({ saved, gradient }) => {
      const x = one(saved);
      const zero = fullLike(x, 0, []);
      return [select(greater(x, zero), gradient, select(greater(zero, x), negative(gradient), zero))];
    },
  },
  square: { savesInputs: [0], backward: ({ saved, gradient }) => [multiply(gradient, multiply(one(saved), 2))] },
  sqrt: { savesOutput: true, backward: ({ saved, gradient }) => [divide(multiply(gradient, 0.5), one(saved))] },
  rsqrt: {
    savesOutput: true,
    backward: ({ saved, gradient }) => {
      const y = one(saved);
      return [multiply(multiply(gradient, -0.5), multiply(y, square(y)))];
    },
  },
  exp: { savesOutput: true, backward: ({ saved, gradient }) => [multiply(gradient, one(saved))] },
  log: { savesInputs: [0], backward: ({ saved, gradient }) => [divide(gradient, one(saved))] },
  erf: {
    savesInputs: [0],
    backward: ({ saved, gradient }) => [
      multiply(multiply(gradient, 2 / Math.sqrt(Math.PI)), exp(negative(square(one(saved))))),
    ],
  },
  sigmoid: {
    savesOutput: true,
    backward: ({ saved, gradient }) => {
      const y = one(saved);
      return [multiply(gradient, multiply(y, subtract(1, y)))];
    },
  },
  tanh: {
    savesOutput: true,
    backward: ({ saved, gradient }) => [multiply(gradient, subtract(1, square(one(saved))))],
  },
  cast: { backward: ({ gradient, inputDTypes: [dtype] }) => [dtype ? cast(gradient, dtype) : null] },

  sum: { backward: ({ gradient, attributes, inputShapes: [shape] }) => [spread(gradient, attributes.axes, shape)] },
  max: {
    savesInputs: [0],
    savesOutput: true,
    backward: ({ saved, gradient, attributes, inputShapes: [shape] }) => {
      const [x, y] = two(saved);
      const isLargest = cast(equal(x, spread(y, attributes.axes, shape)), x.dtype);
      const count = sum(isLargest, { axes: attributes.axes, keepAxes: true });
      return [divide(multiply(isLargest, spread(gradient, attributes.axes, shape)), count)];
    },
  },
  softmax: {
    savesOutput: true,
    backward: ({ saved, gradient }) => {
      const y = one(saved);
      const product = multiply(gradient, y);
      return [subtract(product, multiply(y, sum(product, { axes: -1, keepAxes: true })))];
    },
  },
  matmul: {
    savesInputs: [0, 1],
    backward: ({ saved, gradient, attributes: { transposeA, transposeB }, needs }) => {
      const [a, b] = two(saved);
      return both(
        needs,
        () =>
          transposeA
            ? matmul(b, gradient, { transposeA: transposeB, transposeB: true })
            : matmul(gradient, b, { transposeB: !transposeB }),
        () =>
          transposeB
            ? matmul(gradient, a, { transposeA: true, transposeB: transposeA })
            : matmul(a, gradient, { transposeA: !transposeA }),
      );
    },
  },

  reshape: { backward: ({ gradient, inputShapes: [shape] }) => [reshape(gradient, given(shape))] },
  transpose: {
    backward: ({ gradient, attributes: { permutation } }) => {
      const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
      return [transpose(gradient, inverse)];
    },
  },
  slice: {
    backward: ({ gradient, attributes: { start, size }, inputShapes: [shape] }) => [
      pad(
        gradient,
        start,
        given(shape).map((length, axis) => length - (start[axis] ?? 0) - (size[axis] ?? 0)),
      ),
    ],
  },
  pad: {
    backward: ({ gradient, attributes: { before }, inputShapes: [shape] }) => [slice(gradient, before, given(shape))],
  },
  concat: {
    backward: ({ gradient, attributes: { axis }, inputShapes }) =>
      split(
        gradient,
        inputShapes.map((shape) => shape[axis] ?? 0),
        axis,
      ),
  },
  broadcast: { backward: ({ gradient, inputShapes: [shape] }) => [to(gradient, shape)] },
  gather: {
    savesInputs: [1],
    backward: ({ saved, gradient, inputShapes: [shape] }) => {
      const indices = one(saved);
      const [rows = 0, ...rest] = given(shape);
      return [segmentSum(reshape(gradient, [indices.size, ...rest]), reshape(indices, [indices.size]), rows), null];
    },
  },
  segmentSum: { savesInputs: [1], backward: ({ saved, gradient }) => [gather(gradient, one(saved)), null] },
  cumulativeSum: {
    backward: ({ gradient, attributes: { axis, exclusive } }) => {
      const total = sum(gradient, { axes: axis, keepAxes: true });
      return [subtract(total, cumulativeSum(gradient, axis, { exclusive: !exclusive }))];
    },
  },
};

/** `sumToShape` with the shape checked. */
function to(gradient: Tensor, shape: Shape | undefined): Tensor {
  return sumToShape(gradient, given(shape));
}

/** Spreads a reduced tensor back over the axes it lost. */
function spread(reduced: Tensor, axes: readonly number[], shape: Shape | undefined): Tensor {
  const full = given(shape);
  const kept = full.map((length, axis) => (axes.includes(axis) ? 1 : length));
  return broadcastTo(reshape(reduced, kept), full);
}

function extremum(
  { saved, gradient, inputShapes: [a, b], needs }: GradientContext<'maximum' | 'minimum'>,
  wins: (x: Tensor, y: Tensor) => Tensor,
): readonly (Tensor | null)[] {
  const [x, y] = two(saved);
  const shared = multiply(cast(equal(x, y), gradient.dtype), 0.5);
  const share = (first: Tensor, second: Tensor) =>
    multiply(gradient, add(cast(wins(first, second), gradient.dtype), shared));
  return both(
    needs,
    () => to(share(x, y), a),
    () => to(share(y, x), b),
  );
}

function both(needs: readonly boolean[], first: () => Tensor, second: () => Tensor): readonly (Tensor | null)[] {
  return [needs[0] ? first() : null, needs[1] ? second() : null];
}

function one(saved: readonly Tensor[]): Tensor {
  const [first] = saved;
  if (!first) throw new Error('gradient rule: a saved tensor is missing');
  return first;
}

function two(saved: readonly Tensor[]): readonly [Tensor, Tensor] {
  const [first, second] = saved;
  if (!first || !second) throw new Error('gradient rule: a saved tensor is missing');
  return [first, second];
}

function given(shape: Shape | undefined): Shape {
  if (!shape) throw new Error('gradient rule: an input shape is missing');
  return shape;
}
