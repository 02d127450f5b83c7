import type { Source } from 'mediabunny';

/** A demuxer that reads the same bytes this often in a row will never stop. */
const MAX_REPEATS = 10_000;

/** How the demuxer asks a source for bytes; not part of mediabunny's published types, so it is looked for before use. */
interface ReadingSource {
  _read?: (start: number, end: number, ...rest: readonly unknown[]) => unknown;
}

/**
 * Makes a source throw once the same range is read over and over: the search for the next element of a damaged Matroska
 * file never ends when exactly eight bytes are left to look at (mediabunny 1.61.0), and a loop without a pause could be
 * stopped by no time limit.
 */
export function guardReads(source: Source): void {
  const guarded = source as unknown as ReadingSource;
  const read = guarded._read;
  if (typeof read !== 'function') return;
  let lastStart = -1;
  let lastEnd = -1;
  let repeats = 0;
  guarded._read = (start, end, ...rest) => {
    repeats = start === lastStart && end === lastEnd ? repeats + 1 : 0;
    if (repeats > MAX_REPEATS) throw new Error('its structure is damaged');
    lastStart = start;
    lastEnd = end;
    return read.call(source, start, end, ...rest);
  };
}
