import type { Parameter } from '@umt/nn';
import type { Collective, Tensor } from '@umt/tensor';

/** Where in a run a loss is computed. Every random number of a step is derived from it: (seed, stream, step, sample index). */
export interface StepContext {
  /** The run's seed, the same on every rank. */
  readonly seed: number;
  /** Optimizer steps taken before this one, from 0, skipped ones included. */
  readonly step: number;
  /** From 0. */
  readonly epoch: number;
  /** Which micro-batch of the step this is: 0 .. accumulationSteps - 1. */
  readonly microStep: number;
  /** Micro-batches per optimizer step. */
  readonly accumulationSteps: number;
  /** The ranks of this run; `singleProcess` where there is one. */
  readonly collective: Collective;
}

/** What a task returns for one batch. All tensors are float32 scalars. */
export interface TaskLoss {
  /** The mean loss over the samples of this batch; the trainer divides it by the number of micro-batches and ranks. */
  readonly loss: Tensor;
  /** Means over this batch to be logged beside the loss, by name (`loss/alignment`). The same names in every step. */
  readonly metrics?: Readonly<Record<string, Tensor>>;
}

/** A model and its loss: everything the trainer has to know about what it trains. */
export interface TrainingTask<Batch> {
  /** Every parameter under its official checkpoint name; those that are not trainable are stored but left alone. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /**
   * The loss of one batch, recorded for its gradient. Synchronous: it uploads what the batch holds, computes, and reads
   * nothing back. Tensors made in it are disposed by the trainer.
   */
  loss(batch: Batch, context: StepContext): TaskLoss;
}

/** Where batches come from. Loaders of @umt/data satisfy it; so does any object of this shape. */
export interface BatchSource<Batch> {
  /** Batches in every epoch on this rank. The trainer never asks for more, so the schedule and the data cannot disagree. */
  readonly batchesPerEpoch: number;
  /** Samples in one batch on this rank. */
  readonly batchSize: number;
  /** The batches of one epoch in order, beginning with number `firstBatch` (from 0): a resumed run starts inside an epoch. */
  batches(epoch: number, firstBatch: number): AsyncIterable<Batch>;
  /** What people call the samples of a batch, such as their paths: named where a step is not finite. */
  describe?(batch: Batch): readonly string[];
}
