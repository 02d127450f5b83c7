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

/**
 * The batches of a run from step `firstStep` (from 0) to its end, across epochs. Never asks an epoch for more batches
 * than whole steps use.
 *
 * @param onWait told how long, in seconds, each batch was waited for
 * @throws Error when the source ends before the batches it promised
 */
export async function* microBatches<Batch>(
  source: BatchSource<Batch>,
  { stepsPerEpoch, totalSteps, accumulationSteps }: Plan,
  firstStep: number,
  now: () => number,
  onWait: (seconds: number) => void,
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
          const { value, done } = await iterator.next();
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
      await iterator.return?.();
    }
  }
}
