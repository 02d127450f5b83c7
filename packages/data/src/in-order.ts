/**
 * Works on items, several at a time, and gives the results in the order of the items. Items are taken only as results are:
 * there are never more than `limit` that are worked on or wait to be taken.
 *
 * @param limit at least 1
 * @throws what `work` throws, after what else was begun has ended
 */
export async function* inOrder<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const begun: Promise<R>[] = [];
  const rest = items[Symbol.iterator]();
  const begin = (item: T) => {
    const result = work(item);
    // A failure is told when its turn comes.
    void result.catch(() => undefined);
    begun.push(result);
  };
  try {
    for (;;) {
      while (begun.length < limit) {
        const next = rest.next();
        if (next.done === true) break;
        begin(next.value);
      }
      const first = begun[0];
      if (first === undefined) return;
      const result = await first;
      void begun.shift();
      yield result;
    }
  } finally {
    await Promise.allSettled(begun);
  }
}
