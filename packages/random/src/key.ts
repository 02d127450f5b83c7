/** What a stream of random numbers belongs to. Two different keys never share a counter, so their streams never overlap. */
export interface RandomKey {
  /** The run's seed: an integer, 0 <= seed < 2^53. */
  readonly seed: number;
  /** What the numbers are for, e.g. `'mask'`, or a number below 2^31. Names are hashed: see {@link streamNumber}. */
  readonly stream: string | number;
  /** Training step, epoch or other time: an integer, 0 <= step < 2^32. Default 0. */
  readonly step?: number;
  /** Sample, layer or other place: an integer, 0 <= index < 2^32. Default 0. */
  readonly index?: number;
}

const TWO_32 = 4294967296;

/**
 * The 32-bit number of a stream. A number below 2^31 stands for itself. A name becomes the 32-bit FNV-1a hash of its UTF-8
 * bytes with the top bit set, so that names and numbers cannot meet.
 *
 * @throws RangeError for a number that is not an integer in [0, 2^31)
 */
export function streamNumber(stream: string | number): number {
  if (typeof stream === 'number') return checked('stream', stream, 2147483648);
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(stream)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash | 0x80000000) >>> 0;
}

/**
 * Key and counter words of a {@link RandomKey}: key = (seed low word, stream), counter = (block, index, step, seed high
 * word). The map is one to one for numbered streams; named ones can collide only where their 31-bit hashes do.
 *
 * @throws RangeError naming the field that is out of range
 */
export function counterOf(key: RandomKey): {
  readonly key0: number;
  readonly key1: number;
  readonly counter1: number;
  readonly counter2: number;
  readonly counter3: number;
} {
  const seed = checked('seed', key.seed, Number.MAX_SAFE_INTEGER + 1);
  return {
    key0: seed % TWO_32,
    key1: streamNumber(key.stream),
    counter1: checked('index', key.index ?? 0, TWO_32),
    counter2: checked('step', key.step ?? 0, TWO_32),
    counter3: Math.floor(seed / TWO_32),
  };
}

function checked(field: string, value: number, limit: number): number {
  if (Number.isInteger(value) && value >= 0 && value < limit) return value;
  throw new RangeError(`random: ${field} must be an integer from 0 to ${limit - 1}, got ${value}`);
}
