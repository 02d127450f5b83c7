/** The name that is the fewest edits away from what was written, if that is less than half of it. */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let fewest = Math.ceil(written.length / 2);
  for (const name of names) {
    if (Math.abs(name.length - written.length) >= fewest) continue;
    const edits = editDistance(written.toLowerCase(), name.toLowerCase());
    if (edits < fewest) [nearest, fewest] = [name, edits];
  }
  return nearest;
}

/** Letters to insert, delete, replace or swap with the next to get from one word to the other (Damerau-Levenshtein). */
function editDistance(from: string, to: string): number {
  let before: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const current = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const isSwap = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? Infinity) + 1 : Infinity;
      current.push(Math.min(replaced, swapped, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    [before, previous] = [previous, current];
  }
  return previous[to.length] ?? 0;
}
