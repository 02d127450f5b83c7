import type { RandomStream } from '@umt/random';

/** A number drawn evenly from an interval. */
export function between(draw: RandomStream, low: number, high: number): number {
  return low + (high - low) * draw.uniform();
}

/** An element drawn evenly from a list that is not empty. */
export function oneOf<T>(draw: RandomStream, list: readonly T[]): T {
  const drawn = list[draw.integer(0, list.length - 1)];
  if (drawn === undefined) throw new RangeError('nothing can be drawn from an empty list');
  return drawn;
}
