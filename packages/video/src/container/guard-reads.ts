import type { Source } from 'mediabunny';
import type { FileBytes } from './boxes.ts';

/** A demuxer that reads the same bytes this often in a row will never stop. */
const MAX_REPEATS = 10_000;

/** How the demuxer asks a source for bytes; not part of mediabunny's published types, so it is looked for before use. */
interface ReadingSource {
  _read?: (start: number, end: number, ...rest: readonly unknown[]) => unknown;
}

interface SourcePart {
  readonly bytes: Uint8Array;
  /** Where in the file `bytes` begins. */
  readonly offset: number;
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

/** The bytes of a source as the demuxer reads them, so that what it read before comes out of the same cache. */
export async function sourceBytes(source: Source): Promise<FileBytes> {
  const { _read: read } = source as unknown as ReadingSource;
  if (typeof read !== 'function')
    throw new TypeError('this version of mediabunny has no reads to share: install 1.61.0');
  // A server may not tell it.
  const size = (await source.getSizeOrNull()) ?? Number.POSITIVE_INFINITY;
  return {
    length: size,
    async read(from, length) {
      const to = Math.min(size, from + length);
      if (to <= from) return new Uint8Array(0);
      const part = (await read.call(source, from, to, 0, Number.POSITIVE_INFINITY)) as SourcePart | null;
      return part?.bytes.subarray(from - part.offset, to - part.offset) ?? new Uint8Array(0);
    },
  };
}
