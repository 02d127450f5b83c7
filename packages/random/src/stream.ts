import { beta, gamma } from './gamma.ts';
import { counterOf, type RandomKey } from './key.ts';
import { log } from './log.ts';
import { normalCdf, normalQuantile } from './normal.ts';
import { philox4x32 } from './philox.ts';

const TWO_32 = 4294967296;
const TWO_53 = 9007199254740992;

/** Bounds and moments of a truncated normal distribution. */
export interface TruncatedNormal {
  /** Mean before truncation. Default 0. */
  readonly mean?: number;
  /** Standard deviation before truncation. Default 1. */
  readonly std?: number;
  /** Lowest value, absolute (not in standard deviations). */
  readonly low: number;
  /** Highest value, absolute. */
  readonly high: number;
}

/**
 * The numbers of one key, in order. The same key gives the same numbers on every machine and engine: integers come from
 * Philox 4x32-10, the rest from correctly rounded arithmetic alone.
 */
export class RandomStream {
  readonly #key0: number;
  readonly #key1: number;
  readonly #counter1: number;
  readonly #counter2: number;
  readonly #counter3: number;
  readonly #words = new Uint32Array(4);
  #block = 0;
  #used = 4;

  /** @throws RangeError naming the field of the key that is out of range */
  constructor(key: RandomKey) {
    const counter = counterOf(key);
    this.#key0 = counter.key0;
    this.#key1 = counter.key1;
    this.#counter1 = counter.counter1;
    this.#counter2 = counter.counter2;
    this.#counter3 = counter.counter3;
  }

  /** A 32-bit word: an integer in [0, 2^32). */
  uint32(): number {
    if (this.#used === 4) this.#nextBlock();
    return this.#words[this.#used++] ?? 0;
  }

  /** Uniform in [0, 1), a multiple of 2^-53. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 67108864 + low) / TWO_53;
  }

  /** Uniform in the open interval (0, 1): safe to take the logarithm of, or to divide by. */
  uniformOpen(): number {
    const high = this.uint32() >>> 6;
    const low = this.uint32() >>> 6;
    return (high * 67108864 + low + 0.5) / 4503599627370496;
  }

  /**
   * Uniform integer in [low, highInclusive], without bias (words that would favour some values are drawn again).
   *
   * @throws RangeError unless both are safe integers, low <= highInclusive, at most 2^53 values apart
   */
  integer(low: number, highInclusive: number): number {
    const count = highInclusive - low + 1;
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(highInclusive) || !(count >= 1 && count <= TWO_53)) {
      throw new RangeError(`integer: no integers can be drawn from [${low}, ${highInclusive}]`);
    }
    if (count <= TWO_32) {
      const limit = TWO_32 - (TWO_32 % count);
      for (;;) {
        const word = this.uint32();
        if (word < limit) return low + (word % count);
      }
    }
    const limit = TWO_53 - (TWO_53 % count);
    for (;;) {
      const word = (this.uint32() >>> 11) * TWO_32 + this.uint32();
      if (word < limit) return low + (word % count);
    }
  }

  /** Standard normal, by inversion: mean 0, standard deviation 1. */
  normal(): number {
    return normalQuantile(this.uniformOpen());
  }

  /** Exponential with mean 1; always greater than 0. */
  exponential(): number {
    return -log(this.uniformOpen());
  }

  /**
   * Gamma with scale 1: mean and variance are the shape.
   *
   * @throws RangeError unless the shape is a positive number
   */
  gamma(shape: number): number {
    checkShape('gamma', shape);
    return gamma(shape, this);
  }

  /**
   * Beta, in [0, 1], with mean a / (a + b).
   *
   * @throws RangeError unless both parameters are positive numbers
   */
  beta(a: number, b: number): number {
    checkShape('beta', a);
    checkShape('beta', b);
    return beta(a, b, this);
  }

  /** Shuffles in place (Fisher-Yates); every order is equally likely. Returns the same array. */
  shuffle<Items extends unknown[] | Uint32Array | Int32Array | Float32Array>(items: Items): Items {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.integer(0, last);
      const item = items[last];
      items[last] = items[other];
      items[other] = item;
    }
    return items;
  }

  /** 0 .. length - 1 in random order. */
  permutation(length: number): Uint32Array {
    const order = new Uint32Array(length);
    for (let position = 0; position < length; position++) order[position] = position;
    return this.shuffle(order);
  }

  /**
   * Fills with uniform numbers in [low, high), 24 bits each. (Where float32 cannot tell high from the number below it,
   * rounding may give high.) Like every fill it starts at a fresh block and takes one word for each number, so a longer
   * fill begins with a shorter one's numbers.
   */
  fillUniform(out: Float32Array, low = 0, high = 1): Float32Array {
    const scale = (high - low) / 16777216;
    return this.#fill(out, (word) => low + scale * (word >>> 8));
  }

  /** Fills with normal numbers, by inversion of 32-bit uniforms (so within 6.4 standard deviations). */
  fillNormal(out: Float32Array, mean = 0, std = 1): Float32Array {
    return this.#fill(out, (word) => mean + std * normalQuantile((word + 0.5) / TWO_32));
  }

  /** Fills with exponential numbers of mean 1, each greater than 0 (between 1.1e-10 and 22.9). */
  fillExponential(out: Float32Array): Float32Array {
    return this.#fill(out, (word) => -log((word + 0.5) / TWO_32));
  }

  /**
   * Fills with normal numbers restricted to [low, high], by inversion, exact also where the bounds lie in a tail.
   *
   * @throws RangeError when std is not positive, low is not below high, or no probability lies between them
   */
  fillTruncatedNormal(out: Float32Array, { mean = 0, std = 1, low, high }: TruncatedNormal): Float32Array {
    if (!(std > 0) || !(low < high)) {
      throw new RangeError(`fillTruncatedNormal: needs std > 0 and low < high, got std ${std}, [${low}, ${high}]`);
    }
    // The lower tail keeps relative precision, so an interval above the mean is drawn mirrored.
    const mirrored = low > mean;
    const sign = mirrored ? -std : std;
    const from = normalCdf(((mirrored ? high : low) - mean) / sign);
    const mass = normalCdf(((mirrored ? low : high) - mean) / sign) - from;
    if (!(mass > 0)) {
      throw new RangeError(`fillTruncatedNormal: N(${mean}, ${std}) has no probability in [${low}, ${high}]`);
    }
    return this.#fill(out, (word) => {
      const value = mean + sign * normalQuantile(from + (mass * (word + 0.5)) / TWO_32);
      return value < low ? low : value > high ? high : value;
    });
  }

  #fill(out: Float32Array, transform: (word: number) => number): Float32Array {
    const words = this.#words;
    const { length } = out;
    for (let start = 0; start < length; start += 4) {
      this.#nextBlock();
      const end = start + 4 < length ? start + 4 : length;
      for (let i = start; i < end; i++) out[i] = transform(words[i - start] ?? 0);
    }
    this.#used = 4;
    return out;
  }

  #nextBlock(): void {
    if (this.#block === TWO_32) throw new RangeError('random: this stream has given all of its 2^34 words');
    philox4x32(this.#block++, this.#counter1, this.#counter2, this.#counter3, this.#key0, this.#key1, this.#words);
    this.#used = 0;
  }
}

function checkShape(method: string, shape: number): void {
  if (shape > 0 && shape < Infinity) return;
  throw new RangeError(`${method}: shapes must be positive numbers, got ${shape}`);
}

/**
 * The stream of random numbers of a key. Cheap: make one for each (step, index) and drop it.
 *
 * @example
 * const crop = random({ seed: 1, stream: 'crop', step: epoch, index: sample });
 * const left = crop.integer(0, width - size);
 *
 * @throws RangeError naming the field of the key that is out of range
 */
export function random(key: RandomKey): RandomStream {
  return new RandomStream(key);
}
