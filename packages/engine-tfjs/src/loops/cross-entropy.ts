/**
 * losses [rows] = log sum exp(logits) - targets . logits for targets whose rows sum to 1, and the probabilities
 * softmax(logits) [rows, classes], which are all that backward needs.
 */
export function softmaxCrossEntropy(
  logits: Float32Array,
  targets: Float32Array,
  losses: Float32Array,
  probabilities: Float32Array,
): void {
  const classes = losses.length === 0 ? 0 : logits.length / losses.length;
  for (let row = 0; row < losses.length; row++) {
    const [start, end] = [row * classes, (row + 1) * classes];
    let largest = -Infinity;
    for (let i = start; i < end; i++) largest = Math.max(largest, logits[i] as number);
    let [total, expected] = [0, 0];
    for (let i = start; i < end; i++) {
      const shifted = (logits[i] as number) - largest;
      const exponential = Math.exp(shifted);
      total += exponential;
      expected += (targets[i] as number) * shifted;
      probabilities[i] = exponential;
    }
    for (let i = start; i < end; i++) probabilities[i] = (probabilities[i] as number) / total;
    losses[row] = Math.log(total) - expected;
  }
}

/** dx = (probabilities - targets) * the gradient of the row's loss. */
export function softmaxCrossEntropyGradient(
  probabilities: Float32Array,
  targets: Float32Array,
  gradient: Float32Array,
  dx: Float32Array,
): void {
  const classes = gradient.length === 0 ? 0 : dx.length / gradient.length;
  for (let row = 0; row < gradient.length; row++) {
    const factor = gradient[row] as number;
    for (let i = row * classes; i < (row + 1) * classes; i++) {
      dx[i] = ((probabilities[i] as number) - (targets[i] as number)) * factor;
    }
  }
}
