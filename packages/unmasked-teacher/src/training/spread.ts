/** At most `count` of the numbers below `length`, rising, evenly spread and with the last one. */
export function spreadIndices(length: number, count: number): readonly number[] {
  const kept = Math.min(length, count);
  return Array.from({ length: kept }, (_, i) => Math.floor(((i + 1) * length) / kept) - 1);
}

/** At most `count` of a list, evenly spread and with the last one. */
export function spread<T>(list: readonly T[], count: number): readonly T[] {
  if (list.length <= count) return list;
  return Array.from({ length: count }, (_, i) => list[Math.floor(((i + 1) * list.length) / count) - 1]).filter(
    (one) => one !== undefined,
  );
}
