// @ts-check
/** The median with its 95 % interval, from order statistics. @param {readonly number[]} numbers */
export function medianOf(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = 0.98 * Math.sqrt(sorted.length);
  const at = (/** @type {number} */ rank) => sorted[Math.max(0, Math.min(sorted.length - 1, rank))] ?? NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    low: at(Math.floor(sorted.length / 2 - half) - 1),
    high: at(Math.ceil(sorted.length / 2 + half)),
  };
}
