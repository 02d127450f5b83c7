/**
 * Probabilities of logits, in float64.
 * @param logits C numbers
 */
export function softmax(logits: ArrayLike<number>): Float64Array {
  let highest = -Infinity;
  for (let place = 0; place < logits.length; place++) highest = Math.max(highest, logits[place] ?? NaN);
  const probabilities = Float64Array.from(logits, (logit) => Math.exp(logit - highest));
  const total = probabilities.reduce((sum, value) => sum + value, 0);
  return probabilities.map((value) => value / total);
}
