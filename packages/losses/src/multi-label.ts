// B samples, C classes.
import {
  add,
  cast,
  exp,
  log,
  maximum,
  mean,
  multiply,
  negative,
  scope,
  stopGradient,
  subtract,
  type Tensor,
} from '@umt/tensor';
import { expectTargets } from './logits.ts';

/**
 * Sigmoid binary cross-entropy for samples with several labels: the mean over all B x C elements of
 * -target x log sigmoid(logit) - (1 - target) x log(1 - sigmoid(logit)). Computed in float32 without overflow for logits
 * of any size. No gradient reaches the targets.
 *
 * Action detection multiplies it by the number of boxes B (UMT's AVA recipes).
 *
 * @param logits [B, C]
 * @param targets [B, C], 1 where the class applies and 0 where it does not; values between are smoothed labels
 * @returns a float32 scalar
 * @throws RangeError when the shapes are not one [B, C]
 */
export function multiLabelLoss(logits: Tensor, targets: Tensor): Tensor {
  expectTargets('multi-label loss', logits, targets);
  return scope(() => {
    const x = cast(logits, 'float32');
    const target = stopGradient(cast(targets, 'float32'));
    // log(1 + exp(-x)) with the larger exponent taken out; as a constant, because it cancels in the gradient
    const shift = stopGradient(maximum(negative(x), 0));
    const softplus = add(shift, log(add(exp(negative(shift)), exp(subtract(negative(x), shift)))));
    return mean(add(multiply(subtract(1, target), x), softplus));
  });
}
