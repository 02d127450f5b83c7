import type { BatchSource } from '@umt/trainer';

/** When something is measured between two steps, and what is done then. */
export interface Evaluations {
  /** Batches that make one optimizer step. */
  readonly accumulation: number;
  /** Whether to measure after so many optimizer steps. */
  readonly isDue: (step: number, stepsPerEpoch: number) => boolean;
  readonly evaluate: (step: number) => Promise<void>;
}

/** A loader's batches, with a measurement before the first batch of a step where one is due. */
export function withEvaluations<Batch>(
  loader: BatchSource<Batch>,
  { accumulation, isDue, evaluate }: Evaluations,
): BatchSource<Batch> {
  const stepsPerEpoch = Math.floor(loader.batchesPerEpoch / accumulation);
  return {
    batchesPerEpoch: loader.batchesPerEpoch,
    batchSize: loader.batchSize,
    async *batches(epoch, firstBatch) {
      let batch = firstBatch;
      for await (const clips of loader.batches(epoch, firstBatch)) {
        const step = epoch * stepsPerEpoch + batch / accumulation;
        if (Number.isInteger(step) && isDue(step, stepsPerEpoch)) await evaluate(step);
        yield clips;
        batch++;
      }
    },
  };
}
