import { random } from '@umt/random';
import type { SampleOrder } from './batch-plan.ts';
import { checkInteger, DataError } from './data-error.ts';

/** Shards whose samples are shuffled together where nothing else is said. */
export const DEFAULT_WINDOW = 8;

/** Windows whose permutations are kept: a batch may begin in one and end in the next. */
const KEPT_WINDOWS = 2;

/** What an order is derived from, and how samples lie in shards. */
export interface WindowedOrderOptions {
  readonly seed: number;
  readonly epoch: number;
  /** Samples of each shard, in the order of their indices: shard 0 holds the first ones. */
  readonly counts: readonly number[];
  /** Shards that are shuffled together. Default 8. */
  readonly window?: number;
}

/**
 * The order of an epoch over shards, as a pure function of its options: the shards are permuted, then the samples of every
 * `window` neighbours in that order. Each sample comes once, and reading touches a few shards at a time. What is in memory
 * grows with the number of shards and the samples of two windows, not with the data set; any position is found at once, so
 * that a run resumes in the middle of an epoch.
 *
 * @throws DataError when a count is no whole number, or there is no sample
 */
export function windowedOrder(options: WindowedOrderOptions): SampleOrder {
  return new WindowedOrder(options);
}

/** One shard's place: its first sample's index, and how many there are. */
interface Run {
  readonly first: number;
  readonly count: number;
}

class WindowedOrder implements SampleOrder {
  readonly length: number;
  readonly #options: WindowedOrderOptions;
  readonly #windows: readonly (readonly Run[])[];
  /** Position at which each window begins, and the end of the last. */
  readonly #starts: readonly number[];
  readonly #kept = new Map<number, Uint32Array>();

  constructor(options: WindowedOrderOptions) {
    const { seed, epoch, counts, window = DEFAULT_WINDOW } = options;
    checkInteger('window', window, 1);
    const runs: Run[] = [];
    let first = 0;
    for (const [shard, count] of counts.entries()) {
      checkInteger(`counts[${shard}]`, count, 0);
      runs.push({ first, count });
      first += count;
    }
    if (first === 0) throw new DataError('counts: the shards hold no sample');
    checkInteger('the sum of counts', first, 1, 4294967295);
    const shards = random({ seed, stream: 'data/shards', step: epoch }).permutation(runs.length);
    const windows: Run[][] = [];
    const starts = [0];
    for (let at = 0; at < shards.length; at += window) {
      const members = Array.from(shards.subarray(at, at + window), (shard) => runs[shard] ?? { first: 0, count: 0 });
      windows.push(members);
      starts.push((starts.at(-1) ?? 0) + members.reduce((sum, { count }) => sum + count, 0));
    }
    this.length = first;
    this.#options = options;
    this.#windows = windows;
    this.#starts = starts;
  }

  slice(begin: number, end: number): Uint32Array {
    const indices = new Uint32Array(Math.max(0, Math.min(end, this.length) - begin));
    let window = this.#windowAt(begin);
    for (let done = 0; done < indices.length; window++) {
      const offset = begin + done - (this.#starts[window] ?? 0);
      const part = this.#samplesOf(window).subarray(offset, offset + indices.length - done);
      indices.set(part, done);
      done += part.length;
    }
    return indices;
  }

  /** The last window that begins at or before a position. */
  #windowAt(position: number): number {
    let low = 0;
    let high = this.#windows.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #samplesOf(window: number): Uint32Array {
    const kept = this.#kept.get(window);
    if (kept !== undefined) return kept;
    const { seed, epoch } = this.#options;
    const samples = new Uint32Array((this.#starts[window + 1] ?? 0) - (this.#starts[window] ?? 0));
    let at = 0;
    for (const { first, count } of this.#windows[window] ?? []) {
      for (let i = 0; i < count; i++) samples[at++] = first + i;
    }
    random({ seed, stream: 'data/window', step: epoch, index: window }).shuffle(samples);
    this.#kept.set(window, samples);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_WINDOWS) break;
      this.#kept.delete(oldest);
    }
    return samples;
  }
}
