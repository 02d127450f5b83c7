/**
 * The places of the k highest scores, highest first; of equal scores the one of the lower place comes first. All places
 * where there are fewer than k.
 *
 * @param scores C numbers
 * @throws RangeError for a k that is not a whole number from 0 on, and for a score that is not a number
 */
export function topK(scores: ArrayLike<number>, k: number): readonly number[] {
  if (!Number.isInteger(k) || k < 0) throw new RangeError(`topK: k must be a whole number from 0 on, got ${k}`);
  const best: number[] = [];
  for (let place = 0; place < scores.length; place++) {
    const score = scores[place] ?? NaN;
    if (Number.isNaN(score)) throw new RangeError(`topK: score ${place} is not a number`);
    let rank = best.length;
    while (rank > 0 && (scores[best[rank - 1] ?? 0] ?? 0) < score) rank--;
    if (rank >= k) continue;
    best.splice(rank, 0, place);
    if (best.length > k) best.pop();
  }
  return best;
}
