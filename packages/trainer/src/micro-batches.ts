import type { Plan } from './plan.ts';
import type { BatchSource } from './task.ts';

/** A batch and its place in the run. */
export interface MicroBatch<Batch> {
  readonly batch: Batch;
  /** From 0. */
  readonly epoch: number;
  /** The optimizer step it belongs to, from 0. */
  readonly step: number;
  /** Its number within the step, from 0. */
  readonly microStep: number;
}

/** What ends the batches of a run before their time, and who is told of waits. */
export interface MicroBatchHooks {
  /** Seconds from any fixed moment. */
  readonly now: () => number;
  /** Told how long, in seconds, each batch was waited for. */
  readonly onWait: (seconds: number) => void;
  /** Aborted: there are no more, also where one is being waited for. */
  readonly stopSignal: AbortSignal | undefined;
}

/**
 * The batches of a run from step `firstStep` (from 0) to its end, across epochs. Never asks an epoch for more batches
 * than whole steps use.
 *
 * @throws Error when the source ends before the batches it promised
 */
export async function* microBatches<Batch>(
  source: BatchSource<Batch>,
  { stepsPerEpoch, totalSteps, accumulationSteps }: Plan,
  firstStep: number,
  { now, onWait, stopSignal }: MicroBatchHooks,
): AsyncGenerator<MicroBatch<Batch>, void, void> {
  let step = firstStep;
  while (step < totalSteps) {
    const epoch = Math.floor(step / stepsPerEpoch);
    const lastStep = Math.min((epoch + 1) * stepsPerEpoch, totalSteps);
    const first = (step % stepsPerEpoch) * accumulationSteps;
    const iterator = source.batches(epoch, first)[Symbol.asyncIterator]();
    try {
      for (; step < lastStep; step++) {
        for (let microStep = 0; microStep < accumulationSteps; microStep++) {
          const start = now();
          const next = await unlessAborted(iterator.next(), stopSignal);
          if (!next) return;
          const { value, done } = next;
          onWait(now() - start);
          if (done) {
            const given = (step % stepsPerEpoch) * accumulationSteps + microStep;
            throw new Error(
              `epoch ${epoch}: the data ended after batch ${given} of the ${source.batchesPerEpoch} that batchesPerEpoch promises`,
            );
          }
          yield { batch: value, epoch, step, microStep };
        }
      }
    } finally {
      const closing = iterator.return?.();
      // a generator that waits for its data cannot be closed before it has it
      if (stopSignal?.aborted) closing?.catch(() => {});
      else await closing;
    }
  }
}

/** What a promise gives, or null as soon as the signal is aborted. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T | null> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => resolve(null);
    const done = () => signal.removeEventListener('abort', abort);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(done);
  });
}
