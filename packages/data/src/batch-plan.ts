import { random } from '@umt/random';
import { checkInteger, DataError } from './data-error.ts';

/** The order of an epoch: every index below `length` once, as a pure function of seed and epoch. */
export function epochOrder(seed: number, epoch: number, length: number): Uint32Array {
  return random({ seed, stream: 'data/order', step: epoch }).permutation(length);
}

/** The samples of an epoch by their positions; a permutation in memory is one. */
export interface SampleOrder {
  readonly length: number;
  /** The indices at the positions `begin` to `end`, the end excluded. */
  slice(begin: number, end: number): Uint32Array;
}

/** What decides which samples are in which batch. */
export interface BatchPlanOptions {
  /** Samples in the data set. */
  readonly length: number;
  readonly seed: number;
  /** Samples in one batch of one rank. */
  readonly batchSize: number;
  /** 0 <= rank < worldSize. Default 0. */
  readonly rank?: number;
  /** Default 1. */
  readonly worldSize?: number;
  /** False keeps the order of the data set in every epoch. Default true. */
  readonly shuffle?: boolean;
  /**
   * The order of an epoch, each index below `length` once, as a pure function of the epoch and of what it was made with.
   * Default `epochOrder` of the seed; `windowedOrder` is for samples that lie in shards.
   */
  readonly order?: (epoch: number) => SampleOrder;
}

/**
 * Which samples are in which batch: a pure function of (seed, epoch, step, rank, worldSize), so that a run resumes from
 * its step alone.
 *
 * Step s takes the samples [s * G, (s + 1) * G) of the epoch's order, G = batchSize * worldSize, and rank r the r-th part
 * of them: runs with the same G see the same samples in the same steps, however many ranks share them. What does not fill
 * a last batch is dropped, as in the reference; the next epoch's order drops other samples.
 */
export class BatchPlan {
  /** floor(length / (batchSize * worldSize)). */
  readonly batchesPerEpoch: number;
  readonly #options: Required<BatchPlanOptions>;
  #order: { readonly epoch: number; readonly samples: SampleOrder } | undefined;

  /** @throws DataError naming the option that is wrong, or when the samples do not fill one batch */
  constructor(options: BatchPlanOptions) {
    const { length, batchSize, rank = 0, worldSize = 1, seed, shuffle = true } = options;
    const { order = (epoch: number) => epochOrder(seed, epoch, length) } = options;
    checkInteger('length', length, 1, 4294967295);
    checkInteger('batchSize', batchSize, 1);
    checkInteger('worldSize', worldSize, 1);
    checkInteger('rank', rank, 0, worldSize - 1);
    this.#options = { length, batchSize, rank, worldSize, seed, shuffle, order };
    this.batchesPerEpoch = Math.floor(length / (batchSize * worldSize));
    if (this.batchesPerEpoch === 0) {
      const ranks = worldSize === 1 ? '' : ` on ${worldSize} ranks`;
      throw new DataError(`${length} samples do not fill one batch of ${batchSize}${ranks}: lower batchSize`);
    }
  }

  /**
   * The samples of one batch of this rank.
   *
   * @throws DataError when step is not below `batchesPerEpoch`
   */
  indices(epoch: number, step: number): Uint32Array {
    checkInteger('step', step, 0, this.batchesPerEpoch - 1);
    const { batchSize, rank, worldSize } = this.#options;
    const begin = (step * worldSize + rank) * batchSize;
    return this.#orderOf(epoch).slice(begin, begin + batchSize);
  }

  #orderOf(epoch: number): SampleOrder {
    if (this.#order?.epoch === epoch) return this.#order.samples;
    const { length, shuffle, order } = this.#options;
    const samples = shuffle ? order(epoch) : inOrder(length);
    this.#order = { epoch, samples };
    return samples;
  }
}

/** 0, 1, 2, ... */
const inOrder = (length: number): SampleOrder => ({
  length,
  slice: (begin, end) => Uint32Array.from({ length: Math.min(end, length) - begin }, (_, i) => begin + i),
});
