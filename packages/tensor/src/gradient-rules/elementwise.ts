import type { GradientContext, GradientRule } from '../dispatch.ts';
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
} from '../operations/elementwise.ts';
import { sumToShape } from '../operations/shape.ts';
import type { PrimitiveName } from '../primitives.ts';
import type { Tensor } from '../tensor.ts';

const EACH_READS_THE_OTHER = [[1], [0]];
const BOTH_READ_BOTH = [
  [0, 1],
  [0, 1],
];
const READS_INPUT = [[0]];

/** Gradient rules of the elementwise primitives. Comparisons and logic have none: they give constants. */
export const elementwiseRules: { readonly [P in PrimitiveName]?: GradientRule<P> } = {
  add: {
    backward: ({ gradient, shape, needs }) =>
      both(
        needs,
        () => sumToShape(gradient, shape(0)),
        () => sumToShape(gradient, shape(1)),
      ),
  },
  subtract: {
    backward: ({ gradient, shape, needs }) =>
      both(
        needs,
        () => sumToShape(gradient, shape(0)),
        () => negative(sumToShape(gradient, shape(1))),
      ),
  },
  multiply: {
    reads: EACH_READS_THE_OTHER,
    backward: ({ gradient, input, shape, needs }) =>
      both(
        needs,
        () => sumToShape(multiply(gradient, input(1)), shape(0)),
        () => sumToShape(multiply(gradient, input(0)), shape(1)),
      ),
  },
  divide: {
    reads: [[1], [0, 1]],
    backward: ({ gradient, input, shape, needs }) =>
      both(
        needs,
        () => sumToShape(divide(gradient, input(1)), shape(0)),
        () => {
          // -g a / b^2, divided twice: b^2 may overflow where the gradient does not
          const towardsB = divide(divide(multiply(gradient, input(0)), input(1)), input(1));
          return negative(sumToShape(towardsB, shape(1)));
        },
      ),
  },
  maximum: { reads: BOTH_READ_BOTH, backward: (context) => extremum(context, greater) },
  minimum: { reads: BOTH_READ_BOTH, backward: (context) => extremum(context, (x, y) => greater(y, x)) },
  select: {
    reads: [[], [0], [0]],
    backward: ({ gradient, input, shape, needs }) => [
      null,
      needs[1] ? sumToShape(select(input(0), gradient, 0), shape(1)) : null,
      needs[2] ? sumToShape(select(input(0), 0, gradient), shape(2)) : null,
    ],
  },

  negative: { backward: ({ gradient }) => [negative(gradient)] },
  absolute: {
    reads: READS_INPUT,
    backward: ({ gradient, input }) => {
      const x = input(0);
      return [select(greater(x, 0), gradient, select(greater(0, x), negative(gradient), 0))];
    },
  },
  square: { reads: READS_INPUT, backward: ({ gradient, input }) => [multiply(gradient, multiply(input(0), 2))] },
  sqrt: { readsOutput: true, backward: ({ gradient, output }) => [divide(multiply(gradient, 0.5), output())] },
  rsqrt: {
    readsOutput: true,
    backward: ({ gradient, output }) => {
      const y = output();
      return [multiply(multiply(gradient, -0.5), multiply(y, square(y)))];
    },
  },
  exp: { readsOutput: true, backward: ({ gradient, output }) => [multiply(gradient, output())] },
  log: { reads: READS_INPUT, backward: ({ gradient, input }) => [divide(gradient, input(0))] },
  erf: {
    reads: READS_INPUT,
    backward: ({ gradient, input }) => [
      multiply(multiply(gradient, 2 / Math.sqrt(Math.PI)), exp(negative(square(input(0))))),
    ],
  },
  sigmoid: {
    readsOutput: true,
    backward: ({ gradient, output }) => {
      const y = output();
      return [multiply(gradient, multiply(y, subtract(1, y)))];
    },
  },
  tanh: {
    readsOutput: true,
    backward: ({ gradient, output }) => [multiply(gradient, subtract(1, square(output())))],
  },
  cast: { backward: ({ gradient, dtype }) => [cast(gradient, dtype(0))] },
};

/** The winner takes the gradient; where both are equal each takes half. */
function extremum(
  { gradient, input, shape, needs }: GradientContext<'maximum' | 'minimum'>,
  wins: (x: Tensor, y: Tensor) => Tensor,
): readonly (Tensor | null)[] {
  const [x, y] = [input(0), input(1)];
  const half = multiply(cast(equal(x, y), gradient.dtype), 0.5);
  const share = (own: Tensor, other: Tensor) => multiply(gradient, add(cast(wins(own, other), gradient.dtype), half));
  return both(
    needs,
    () => sumToShape(share(x, y), shape(0)),
    () => sumToShape(share(y, x), shape(1)),
  );
}

/** The gradients of two inputs, computed where they are needed. */
export function both(needs: readonly boolean[], first: () => Tensor, second: () => Tensor): readonly (Tensor | null)[] {
  return [needs[0] ? first() : null, needs[1] ? second() : null];
}
