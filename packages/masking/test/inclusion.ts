/** What sampling without replacement does to each item, exactly. */
export interface Inclusion {
  /** Probability that item i is in the sample. */
  readonly single: Float64Array;
  /** Probability that items i and j both are, [n, n]. */
  readonly pair: Float64Array;
}

/**
 * Inclusion probabilities of successive sampling without replacement: items are drawn one after the other, each time in
 * proportion to the weights of what is left. Exact, by adding up over all subsets: the probability that the first draws
 * are the set S is the sum over its items i of that of S without i times the chance that i comes next.
 */
export function inclusionProbabilities(weights: readonly number[], drawn: number): Inclusion {
  const items = weights.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const probability = new Float64Array(2 ** items);
  const weightOf = new Float64Array(2 ** items);
  const single = new Float64Array(items);
  const pair = new Float64Array(items * items);
  probability[0] = 1;
  for (let set = 1; set < 2 ** items; set++) {
    const members = membersOf(set, items);
    const first = members[0] ?? 0;
    weightOf[set] = (weightOf[set & ~(1 << first)] ?? 0) + (weights[first] ?? 0);
    if (members.length > drawn) continue;
    let sum = 0;
    for (const item of members) {
      const before = set & ~(1 << item);
      sum += ((probability[before] ?? 0) * (weights[item] ?? 0)) / (total - (weightOf[before] ?? 0));
    }
    probability[set] = sum;
    if (members.length < drawn) continue;
    for (const i of members) {
      single[i] = (single[i] ?? 0) + sum;
      for (const j of members) pair[i * items + j] = (pair[i * items + j] ?? 0) + sum;
    }
  }
  return { single, pair };
}

/**
 * The statistic that tells whether items were drawn as often as they should be. The counts of one draw always add up to
 * the sample size, so they depend on each other and Pearson's sum over cells would not follow a chi-square law. Their
 * covariance is known exactly, pair - single * single, and has rank n - 1; the quadratic form of the deviations of the
 * first n - 1 counts with the inverse of their covariance does: n - 1 degrees of freedom (multivariate central limit).
 */
export function inclusionStatistic(counts: readonly number[], draws: number, { single, pair }: Inclusion): number {
  const items = single.length;
  const free = items - 1;
  const deviation = Array.from({ length: free }, (_, i) => (counts[i] ?? 0) - draws * (single[i] ?? 0));
  const covariance = Array.from({ length: free }, (_, i) =>
    Array.from({ length: free }, (_, j) => draws * ((pair[i * items + j] ?? 0) - (single[i] ?? 0) * (single[j] ?? 0))),
  );
  const solution = solve(covariance, deviation);
  return deviation.reduce((sum, value, i) => sum + value * (solution[i] ?? 0), 0);
}

/** The probability that a chi-square variable with an even number of degrees of freedom exceeds x (closed form). */
export function chiSquareTail(x: number, degrees: number): number {
  if (degrees % 2 !== 0) throw new RangeError('chiSquareTail: only even degrees of freedom');
  let term = Math.exp(-x / 2);
  let sum = 0;
  for (let k = 0; k < degrees / 2; k++) {
    sum += term;
    term *= x / 2 / (k + 1);
  }
  return Math.min(1, sum);
}

function membersOf(set: number, items: number): readonly number[] {
  const members: number[] = [];
  for (let item = 0; item < items; item++) if (set & (1 << item)) members.push(item);
  return members;
}

/** Gaussian elimination with pivoting. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): readonly number[] {
  const rows = matrix.map((row, index) => [...row, right[index] ?? 0]);
  const size = rows.length;
  const at = (row: number, column: number) => rows[row]?.[column] ?? 0;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column; row < size; row++) if (Math.abs(at(row, column)) > Math.abs(at(pivot, column))) pivot = row;
    [rows[column], rows[pivot]] = [rows[pivot] ?? [], rows[column] ?? []];
    for (let row = 0; row < size; row++) {
      if (row === column) continue;
      const factor = at(row, column) / at(column, column);
      rows[row] = (rows[row] ?? []).map((value, index) => value - factor * at(column, index));
    }
  }
  return rows.map((row, index) => (row[size] ?? 0) / (row[index] ?? 1));
}
