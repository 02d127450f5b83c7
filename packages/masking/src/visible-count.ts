/**
 * How many of `patches` stay visible when `ratio` of them is dropped: patches - trunc(patches * ratio), the product in
 * float64 as the reference computes it. So 0.57 of 100 (56.99999999999999) drops 56. For 196 patches and 0.8: 40.
 *
 * @param ratio fraction dropped, 0 <= ratio < 1
 * @throws RangeError for another ratio, or a number of patches that is not a positive integer
 */
export function visibleCount(patches: number, ratio: number): number {
  if (!Number.isInteger(patches) || patches < 1) {
    throw new RangeError(`mask: the number of patches must be a positive integer, got ${patches}`);
  }
  if (!(ratio >= 0 && ratio < 1)) {
    throw new RangeError(`mask: the ratio is the fraction dropped and must be in [0, 1), got ${ratio}`);
  }
  return patches - Math.trunc(patches * ratio);
}
