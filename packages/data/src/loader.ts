import { BatchPlan, type SampleOrder } from './batch-plan.ts';
import { checkInteger, DataError } from './data-error.ts';
import type { Dataset } from './dataset.ts';
import { Gate } from './gate.ts';

/** Which batch. */
export interface BatchPlace {
  readonly epoch: number;
  /** The batch's number in its epoch, from 0. */
  readonly step: number;
}

/** How batches are made of a data set. */
export interface LoaderOptions<Sample, Batch> {
  readonly dataset: Dataset<Sample>;
  /** Puts the samples of one batch together, in order. */
  readonly collate: (samples: readonly Sample[], place: BatchPlace) => Batch;
  /** Samples in a batch of this rank. */
  readonly batchSize: number;
  readonly seed: number;
  /** 0 <= rank < worldSize. Default 0. */
  readonly rank?: number;
  /** Default 1. */
  readonly worldSize?: number;
  /** False keeps the data set's order in every epoch. Default true. */
  readonly shuffle?: boolean;
  /** The order of an epoch: see `BatchPlanOptions`. Default `epochOrder` of the seed. */
  readonly order?: (epoch: number) => SampleOrder;
  /** Batches that are made ahead of the one that was asked for. Default 2. */
  readonly prefetch?: number;
  /** Samples that are loaded at the same time. Default 1; no limit but the batches ahead is right for a pool of workers. */
  readonly concurrency?: number;
  /** Size of one sample, for `maxBytes`. Default 0: it is not looked at. */
  readonly bytesPerSample?: number;
  /**
   * Bytes of samples that are loaded, waiting for their batch, or in batches made ahead; one batch has room whatever its
   * size. Default 1 GiB.
   */
  readonly maxBytes?: number;
  /** Epochs in the run, so that nothing is made ahead past its end. Default: there is always a next epoch. */
  readonly epochs?: number;
  /** Called by `close()`, to let go of what the data set holds. */
  readonly onClose?: () => Promise<void>;
}

interface Pending<Batch> extends BatchPlace {
  readonly batch: Promise<Batch>;
  /** Call when the batch was handed out or is not wanted any more: its samples take no room from then on. */
  leave(): void;
}

const DEFAULT_MAX_BYTES = 2 ** 30;

/**
 * Batches of a data set, made ahead of time. What is in a batch depends on (seed, epoch, step, rank, worldSize) alone, so
 * any number of workers gives the same batches and a run resumes at any (epoch, step).
 *
 * At most `prefetch` + 1 batches are in memory or in work at any moment, the one just handed out aside, and no more samples
 * of them than `maxBytes` holds; samples are begun in the order of their batches, so the next batch never waits for later
 * ones. The first batches of the next epoch are made while the last ones of this are used.
 */
export class Loader<Sample, Batch> {
  /** Batches in every epoch on this rank. */
  readonly batchesPerEpoch: number;
  /** Samples in a batch of this rank. */
  readonly batchSize: number;
  readonly #options: LoaderOptions<Sample, Batch>;
  readonly #plan: BatchPlan;
  readonly #prefetch: number;
  readonly #gate: Gate;
  /** Samples in work or in batches that were not handed out. */
  readonly #room: Gate;
  #pending: Pending<Batch>[] = [];
  #isClosed = false;
  #waitSeconds = 0;

  /** @throws DataError naming the option that is wrong, or when the samples do not fill one batch */
  constructor(options: LoaderOptions<Sample, Batch>) {
    const { dataset, batchSize, prefetch = 2, concurrency = 1 } = options;
    const { bytesPerSample = 0, maxBytes = DEFAULT_MAX_BYTES } = options;
    checkInteger('prefetch', prefetch, 0);
    checkInteger('bytesPerSample', bytesPerSample, 0);
    checkInteger('maxBytes', maxBytes, 0);
    if (concurrency !== Infinity) checkInteger('concurrency', concurrency, 1);
    this.#options = options;
    this.#plan = new BatchPlan({ ...options, length: dataset.length });
    this.#prefetch = prefetch;
    this.#gate = new Gate(concurrency);
    this.#room = new Gate(bytesPerSample === 0 ? Infinity : Math.max(batchSize, Math.floor(maxBytes / bytesPerSample)));
    this.batchSize = batchSize;
    this.batchesPerEpoch = this.#plan.batchesPerEpoch;
  }

  /** Time that callers spent waiting for batches so far, in seconds. */
  get waitSeconds(): number {
    return this.#waitSeconds;
  }

  /**
   * The batches of one epoch in order, beginning with number `firstBatch`. Batches that were made ahead for another place
   * are dropped.
   *
   * @throws what the data set throws for a sample, at the batch it belongs to; DataError after `close()`
   */
  async *batches(epoch: number, firstBatch = 0): AsyncGenerator<Batch, void, undefined> {
    checkInteger('epoch', epoch, 0);
    checkInteger('firstBatch', firstBatch, 0, this.batchesPerEpoch);
    for (let step = firstBatch; step < this.batchesPerEpoch; step++) yield await this.#next({ epoch, step });
  }

  /** Drops what was made ahead and lets go of workers. Samples that are being loaded are not waited for. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pending = [];
    const reason = new DataError('the loader was closed');
    this.#room.close(reason);
    this.#gate.close(reason);
    await this.#options.onClose?.();
  }

  async #next(place: BatchPlace): Promise<Batch> {
    if (this.#isClosed) throw new DataError('the loader was closed');
    const { batch, leave } = this.#take(place);
    const start = performance.now();
    try {
      return await batch;
    } finally {
      this.#waitSeconds += (performance.now() - start) / 1000;
      leave();
    }
  }

  /** Takes a batch out of those made ahead, starting it if it is not among them, and starts the ones to come. */
  #take(place: BatchPlace): Pending<Batch> {
    const at = this.#pending.findIndex(({ epoch, step }) => epoch === place.epoch && step === place.step);
    for (const { leave } of at < 0 ? this.#pending : this.#pending.slice(0, at)) leave();
    this.#pending = at < 0 ? [] : this.#pending.slice(at);
    const taken = this.#pending.shift() ?? this.#start(place);
    let last: BatchPlace = this.#pending.at(-1) ?? taken;
    while (this.#pending.length < this.#prefetch) {
      const next = this.#after(last);
      if (next === undefined) break;
      this.#pending.push(this.#start(next));
      last = next;
    }
    return taken;
  }

  #after({ epoch, step }: BatchPlace): BatchPlace | undefined {
    if (step + 1 < this.batchesPerEpoch) return { epoch, step: step + 1 };
    const { epochs = Infinity } = this.#options;
    return epoch + 1 < epochs ? { epoch: epoch + 1, step: 0 } : undefined;
  }

  #start({ epoch, step }: BatchPlace): Pending<Batch> {
    const { dataset, collate } = this.#options;
    let leave = () => {};
    const left = new Promise<void>((resolve) => (leave = resolve));
    const indices = [...this.#plan.indices(epoch, step)];
    const samples = indices.map((index) => this.#load(() => dataset.sample(index, epoch), left));
    const batch = Promise.all(samples).then((loaded) => collate(loaded, { epoch, step }));
    // A failure is told to whoever asks for this batch; dropped ones must not end the process.
    batch.catch(() => undefined);
    return { epoch, step, batch, leave };
  }

  /** Loads a sample when there is room. It takes room until it is settled and its batch was left. */
  #load(load: () => Promise<Sample>, left: Promise<void>): Promise<Sample> {
    return new Promise((resolve, reject) => {
      const stay = this.#room.run(async () => {
        const sample = this.#gate.run(load);
        sample.then(resolve, reject);
        await Promise.allSettled([sample, left]);
      });
      stay.catch(reject);
    });
  }
}
