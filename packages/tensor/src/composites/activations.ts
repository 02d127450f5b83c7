import { add, erf, exp, multiply, negative, sigmoid, square, subtract } from '../operations/elementwise.ts';
import { expectDType, FLOATS } from '../shapes.ts';
import type { Tensor } from '../tensor.ts';
import type { CompositeAttributes } from './contract.ts';
import { given, runComposite, type CompositeDefinition } from './definition.ts';

/** `gelu` in primitives. */
export const geluDefinition: CompositeDefinition<CompositeAttributes['gelu']> = {
  savedInputs: [0],
  forward: (inputs) => {
    const x = given('gelu', inputs, 0);
    return [multiply(multiply(x, 0.5), add(erf(multiply(x, Math.SQRT1_2)), 1))];
  },
  backward: (saved, gradient) => {
    const x = given('gelu', saved, 0);
    const cumulative = multiply(add(erf(multiply(x, Math.SQRT1_2)), 1), 0.5);
    const density = multiply(exp(negative(multiply(square(x), 0.5))), 1 / Math.sqrt(2 * Math.PI));
    return [multiply(gradient, add(cumulative, multiply(x, density)))];
  },
};

const QUICK_GELU_SLOPE = 1.702;

/** `quickGelu` in primitives. */
export const quickGeluDefinition: CompositeDefinition<CompositeAttributes['quickGelu']> = {
  savedInputs: [0],
  forward: (inputs) => {
    const x = given('quickGelu', inputs, 0);
    return [multiply(x, sigmoid(multiply(x, QUICK_GELU_SLOPE)))];
  },
  backward: (saved, gradient) => {
    const x = given('quickGelu', saved, 0);
    const gate = sigmoid(multiply(x, QUICK_GELU_SLOPE));
    const slope = multiply(multiply(x, QUICK_GELU_SLOPE), multiply(gate, subtract(1, gate)));
    return [multiply(gradient, add(gate, slope))];
  },
};

/** The exact Gaussian error linear unit, 0.5 x (1 + erf(x / sqrt 2)): the activation of the UMT student. */
export function gelu(x: Tensor): Tensor {
  expectDType('gelu', x, ...FLOATS);
  return runComposite('gelu', geluDefinition, [x], {});
}

/** x * sigmoid(1.702 x): the activation of OpenAI's CLIP. */
export function quickGelu(x: Tensor): Tensor {
  expectDType('quickGelu', x, ...FLOATS);
  return runComposite('quickGelu', quickGeluDefinition, [x], {});
}
