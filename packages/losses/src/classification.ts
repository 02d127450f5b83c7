// B samples, C classes.
import {
  cast,
  divide,
  mean,
  multiply,
  scope,
  softmaxCrossEntropy,
  stopGradient,
  sum,
  tensorLike,
  type Tensor,
} from '@umt/tensor';
import { expectLogits, expectTargets } from './logits.ts';

/** How `labelSmoothingCrossEntropy` counts classes. */
export interface LabelSmoothingOptions {
  /**
   * Weight of each class, C numbers that are finite and not negative, as PyTorch's `weight`: every log probability counts
   * with its class's weight, and the sum over the batch is divided by the weights of the batch's labels. Default: all equal.
   */
  readonly classWeights?: ArrayLike<number>;
}

/**
 * Cross-entropy against target probabilities, as mixup and cutmix make them: the mean over the batch of
 * -sum over classes of target x log softmax(logits). Computed in float32. No gradient reaches the targets.
 *
 * @param logits [B, C]
 * @param targets [B, C], rows that sum to 1
 * @returns a float32 scalar
 * @throws RangeError when the shapes are not one [B, C]
 */
export function softTargetCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  expectTargets('soft-target cross-entropy', logits, targets);
  return scope(() => mean(softmaxCrossEntropy(cast(logits, 'float32'), stopGradient(cast(targets, 'float32')))));
}

/**
 * Cross-entropy of class labels with label smoothing: the mean over the batch of
 * (1 - smoothing) x -log p(label) + smoothing x mean over classes of -log p(class). A smoothing of 0 is plain
 * cross-entropy. Computed in float32.
 *
 * @param logits [B, C]
 * @param labels B class numbers, each from 0 to C - 1
 * @param smoothing from 0 to 1; the recipes have 0.1
 * @returns a float32 scalar
 * @throws RangeError for logits that are not [B, C], and for labels, a smoothing or class weights out of range
 */
export function labelSmoothingCrossEntropy(
  logits: Tensor,
  labels: ArrayLike<number>,
  smoothing: number,
  { classWeights }: LabelSmoothingOptions = {},
): Tensor {
  const [batch, classes] = expectLogits('label smoothing cross-entropy', logits);
  const weightOf = checkedWeights(classWeights, classes);
  expectLabels(labels, batch, classes);
  if (!(smoothing >= 0 && smoothing <= 1)) {
    throw new RangeError(`label smoothing cross-entropy: smoothing must be from 0 to 1, got ${smoothing}`);
  }

  // each row is brought to the sum 1 that softmax cross-entropy wants; its share of the loss is what was divided out
  const targets = new Float32Array(batch * classes);
  const shares = new Float32Array(batch);
  let total = 0;
  for (let row = 0; row < batch; row++) {
    const label = labels[row] ?? 0;
    const target = (column: number) =>
      weightOf(column) * (smoothing / classes + (column === label ? 1 - smoothing : 0));
    let rowSum = 0;
    for (let column = 0; column < classes; column++) rowSum += target(column);
    for (let column = 0; column < classes; column++) {
      targets[row * classes + column] = rowSum === 0 ? 1 / classes : target(column) / rowSum;
    }
    shares[row] = rowSum;
    total += weightOf(label);
  }
  if (total === 0) throw new RangeError('label smoothing cross-entropy: every label of the batch has class weight 0');

  return scope(() => {
    const of = (values: Float32Array, shape: readonly number[]) => tensorLike(logits, values, shape, 'float32');
    const losses = softmaxCrossEntropy(cast(logits, 'float32'), of(targets, [batch, classes]));
    return divide(sum(multiply(losses, of(shares, [batch]))), total);
  });
}

function checkedWeights(weights: ArrayLike<number> | undefined, classes: number): (label: number) => number {
  if (!weights) return () => 1;
  if (weights.length !== classes) {
    throw new RangeError(
      `label smoothing cross-entropy: ${weights.length} class weights for ${classes} classes; give one for each`,
    );
  }
  const bad = Array.from(weights).findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (bad >= 0) {
    throw new RangeError(
      `label smoothing cross-entropy: the weight of class ${bad} must be finite and not negative, got ${weights[bad]}`,
    );
  }
  return (label) => weights[label] ?? 0;
}

function expectLabels(labels: ArrayLike<number>, batch: number, classes: number): void {
  if (labels.length !== batch) {
    throw new RangeError(`label smoothing cross-entropy: ${labels.length} labels for ${batch} rows of logits`);
  }
  const bad = Array.from(labels).findIndex((label) => !(Number.isInteger(label) && label >= 0 && label < classes));
  if (bad >= 0) {
    throw new RangeError(
      `label smoothing cross-entropy: label ${bad} must be a whole number from 0 to ${classes - 1}, got ${labels[bad]}`,
    );
  }
}
