/**
 * The known name that a mistyped one most likely meant: fewest insertions, deletions, replacements and swaps of
 * neighbours, letters' case and separators aside. Undefined when nothing is close: when more than a third of the letters
 * differ, and more than two, or all.
 */
export function nearestName(typed: string, known: Iterable<string>): string | undefined {
  const plainTyped = plain(typed);
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(plainTyped, plain(name));
    const most = Math.max(2, Math.floor(Math.max(plainTyped.length, name.length) / 3));
    const isClose = distance <= Math.min(most, plainTyped.length - 1);
    if (isClose && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/**
 * What to say to a dotted name that is not known, `optimizer.lr`: the nearest of the same group, the same last part in
 * another group, the nearest of all where there is no such group, or else what the group has.
 */
export function suggestion(typed: string, known: readonly string[]): string {
  const [group, last] = splitName(typed);
  const beside = known.filter((name) => splitName(name)[0] === group);
  const near = nearestName(
    last,
    beside.map((name) => splitName(name)[1]),
  );
  const found =
    beside.find((name) => splitName(name)[1] === near) ??
    known.find((name) => splitName(name)[1] === last) ??
    (beside.length > 0 && group !== '' ? undefined : nearestName(typed, known));
  if (found !== undefined) return `did you mean ${found}?`;
  return `there is ${(beside.length > 0 ? beside : known).join(', ')}`;
}

/** `a.b.c` is `['a.b', 'c']`. */
function splitName(name: string): readonly [group: string, last: string] {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? ['', name] : [name.slice(0, dot), name.slice(dot + 1)];
}

/** Optimal string alignment distance: a swap of neighbours counts once. */
function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let distance = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) distance = Math.min(distance, (beforeLast[j - 2] ?? 0) + 1);
      row.push(distance);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '');
}
