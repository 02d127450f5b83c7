/**
 * Weights that make classes count alike: the inverse of how many videos each has, scaled so that the mean weight of a video
 * is 1. A class without videos has 0.
 *
 * @param labelSets class numbers of every video
 */
export function classWeightsOf(labelSets: readonly (readonly number[])[], classes: number): readonly number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labelSets.flat()) counts[label] = (counts[label] ?? 0) + 1;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const present = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count === 0 ? 0 : total / (present * count)));
}
