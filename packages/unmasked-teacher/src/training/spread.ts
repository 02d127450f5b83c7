/** At most `count` of a list, evenly spread and with the last one. */
export function spread<T>(list: readonly T[], count: number): readonly T[] {
  if (list.length <= count) return list;
  return Array.from({ length: count }, (_, i) => list[Math.floor(((i + 1) * list.length) / count) - 1]).filter(
    (one) => one !== undefined,
  );
}
