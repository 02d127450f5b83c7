import { stopGradient } from '../custom-gradient.ts';
import { divide, exp, log, multiply, subtract } from '../operations/elementwise.ts';
import { max, sum } from '../operations/reduce.ts';
import { reshape } from '../operations/shape.ts';
import { scope } from '../scope.ts';
import { expectDType, FLOATS, sameShape, show } from '../shapes.ts';
import { withoutGradients } from '../tape.ts';
import type { Tensor } from '../tensor.ts';
import type { CompositeAttributes } from './contract.ts';
import { given, runComposite, type CompositeDefinition } from './definition.ts';

/** `softmaxCrossEntropy` in primitives. */
export const softmaxCrossEntropyDefinition: CompositeDefinition<CompositeAttributes['softmaxCrossEntropy']> = {
  savedInputs: [1],
  forward: (inputs) => {
    const logits = given('softmaxCrossEntropy', inputs, 0);
    const targets = stopGradient(given('softmaxCrossEntropy', inputs, 1));
    const shifted = subtract(logits, largest(logits));
    const exponentials = exp(shifted);
    const total = sum(exponentials, { axes: 1, keepAxes: true });
    const losses = subtract(reshape(log(total), [logits.shape[0] ?? 0]), sum(multiply(targets, shifted), { axes: 1 }));
    return [losses, divide(exponentials, total)];
  },
  backward: (saved, gradient) => {
    const targets = given('softmaxCrossEntropy', saved, 0);
    const probabilities = given('softmaxCrossEntropy', saved, 1);
    const perRow = reshape(gradient, [gradient.shape[0] ?? 0, 1]);
    return [multiply(subtract(probabilities, targets), perRow), null];
  },
};

/**
 * Cross-entropy of logits [R, C] against target probabilities [R, C] whose rows sum to 1: one loss per row, [R].
 * The targets are constants: no gradient reaches them.
 * @throws when shapes or dtypes do not fit.
 */
export function softmaxCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  expectDType('softmaxCrossEntropy', logits, ...FLOATS);
  expectDType('softmaxCrossEntropy', targets, logits.dtype);
  if (logits.shape.length !== 2 || !sameShape(logits.shape, targets.shape)) {
    throw new Error(
      `softmaxCrossEntropy: logits ${show(logits.shape)} and targets ${show(targets.shape)} must both be [R, C]`,
    );
  }
  return runComposite('softmaxCrossEntropy', softmaxCrossEntropyDefinition, [logits, targets], {});
}

/** The logarithm of softmax over the last axis, from primitives. */
export function logSoftmax(x: Tensor): Tensor {
  return scope(() => {
    const shifted = subtract(x, largest(x));
    return subtract(shifted, log(sum(exp(shifted), { axes: -1, keepAxes: true })));
  });
}

/** The largest of each row, as a constant: shifting by it keeps exp in range and changes no result. */
function largest(x: Tensor): Tensor {
  return withoutGradients(() => max(x, { axes: -1, keepAxes: true }));
}
