import { add, multiply, rsqrt, square, subtract } from '../operations/elementwise.ts';
import { sum } from '../operations/reduce.ts';
import { expectDType, FLOATS } from '../shapes.ts';
import type { Tensor } from '../tensor.ts';
import type { CompositeAttributes } from './contract.ts';
import { given, runComposite, type CompositeDefinition } from './definition.ts';

/** `l2Normalize` in primitives. */
export const l2NormalizeDefinition: CompositeDefinition<CompositeAttributes['l2Normalize']> = {
  savedInputs: [0],
  forward: (inputs, { epsilon }) => {
    const x = given('l2Normalize', inputs, 0);
    const reciprocal = rsqrt(add(sum(square(x), { axes: -1, keepAxes: true }), epsilon));
    return [multiply(x, reciprocal), reciprocal];
  },
  backward: (saved, gradient) => {
    const x = given('l2Normalize', saved, 0);
    const reciprocal = given('l2Normalize', saved, 1);
    const y = multiply(x, reciprocal);
    const along = sum(multiply(gradient, y), { axes: -1, keepAxes: true });
    return [multiply(subtract(gradient, multiply(y, along)), reciprocal)];
  },
};

/**
 * x divided by its L2 norm over the last axis. The reference divides by the bare norm, which is NaN for a zero vector;
 * the epsilon under the root (default 1e-12) changes nothing else.
 */
export function l2Normalize(x: Tensor, epsilon = 1e-12): Tensor {
  expectDType('l2Normalize', x, ...FLOATS);
  if (x.shape.length === 0) throw new Error('l2Normalize: a scalar has no last axis');
  return runComposite('l2Normalize', l2NormalizeDefinition, [x], { epsilon });
}
