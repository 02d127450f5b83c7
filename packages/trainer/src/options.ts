import type { Collective } from '@umt/tensor';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { TrainingEvent } from './events.ts';
import type { ParameterAverage } from './parameter-average.ts';
import type { BatchSource } from './task.ts';
import type { BestValue } from './training-state.ts';

/** Learning rate over the steps: linear warm-up, then half a cosine. Values are final: see `scaleLearningRate`. */
export interface LearningRateOptions {
  /** Highest value, reached at the end of the warm-up. */
  readonly peak: number;
  /** What the cosine falls towards; its last step is one short of it. */
  readonly final: number;
  /** Value of the first step. Default 0. */
  readonly start?: number;
  /** Length of the warm-up in epochs. Default 0. */
  readonly warmupEpochs?: number;
  /** Length of the warm-up in steps; counts instead of `warmupEpochs` where it is greater than 0. */
  readonly warmupSteps?: number;
}

/** AdamW, with the reference's rule for which parameters decay. */
export interface OptimizerOptions {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999; pre-training uses 0.95. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Decoupled weight decay of the parameters that decay. Default 0.05. */
  readonly weightDecay?: number;
  /** What the weight decay reaches along half a cosine. Default: it stays. */
  readonly finalWeightDecay?: number;
  /** Last parts of the names that never decay, such as `pos_embed`. Vectors and names in `.bias` never do. Default none. */
  readonly withoutDecay?: readonly string[];
  /** Factor on the learning rate of a parameter, by its name: see `layerDecay`. Default 1 for all. */
  readonly learningRateScale?: (name: string) => number;
  /** Limit of the global gradient norm; null, the default, does not clip. */
  readonly maxGradientNorm?: number | null;
}

/** When checkpoints are written, which of them stay, and which one a run starts from. */
export interface CheckpointOptions {
  readonly store: CheckpointStore;
  /** Write one every so many steps. Default: only by epochs. */
  readonly everySteps?: number;
  /** Write one every so many epochs. Default 1; 0 writes none by epochs. The end of the run and an orderly stop always write one. */
  readonly everyEpochs?: number;
  /** How many of the newest stay. Default 3. The newest that was due stays too, for a run that diverges to go back to. */
  readonly keep?: number;
  /** How many of the best stay, by what `TrainOptions.evaluation` measures. Whatever is among them is written. Default 0. */
  readonly keepBest?: number;
  /** Write one every so many steps and never delete it. Default 0: none. */
  readonly keepEverySteps?: number;
  /** Write one every so many epochs and never delete it. Default 0: none. */
  readonly keepEveryEpochs?: number;
  /**
   * After so many in a row that could not be written, because the place is full, read-only or gone, the run ends. Until then each is
   * warned of and training goes on. Default 3.
   */
  readonly maxFailedInARow?: number;
  /**
   * `'newest'`, the default, goes on from the newest complete checkpoint, or starts anew where there is none. A number
   * goes on from exactly that step. `'never'` starts anew and refuses a store that already holds checkpoints.
   */
  readonly resume?: 'newest' | 'never' | number;
}

/** What a measurement between two steps is told. */
export interface EvaluationContext {
  /** Optimizer steps taken. */
  readonly step: number;
  /** Whether a value is better than all that the run measured before. */
  readonly isBest: (value: number) => boolean;
}

/** Something that is measured between two steps, once the checkpoint of the step before is on its way. */
export interface EvaluationOptions {
  /** Whether to measure after so many steps. The end of the run always is measured, an orderly stop never. */
  readonly isDue: (step: number, stepsPerEpoch: number) => boolean;
  /** Which values are the better ones. */
  readonly better: 'lower' | 'higher';
  /**
   * Measures, on every rank. The value of rank 0 counts; null where there is none, as when a stop cut it short: then it is measured
   * again by the run that goes on. It should look at the run's stop signal.
   */
  readonly measure: (context: EvaluationContext) => Promise<number | null>;
}

/** One run. */
export interface TrainOptions<Batch> {
  /** Everything random is derived from it: an integer, 0 <= seed < 2^53. */
  readonly seed: number;
  /** Length of the schedule. */
  readonly epochs: number;
  readonly batches: BatchSource<Batch>;
  /** Micro-batches per optimizer step. Default 1. Batches at the end of an epoch that do not fill a step are left out. */
  readonly accumulationSteps?: number;
  readonly learningRate: LearningRateOptions;
  readonly optimizer?: OptimizerOptions;
  readonly checkpoints?: CheckpointOptions;
  /** A moving average of the task's parameters, kept up from step to step and in checkpoints. It stays the caller's. */
  readonly averaging?: ParameterAverage;
  /** End after so many steps in all, without bending the schedule. Default: the whole schedule. */
  readonly maxSteps?: number;
  /** What is measured between steps. Default: nothing. */
  readonly evaluation?: EvaluationOptions;
  /**
   * After so many steps in a row that were skipped as not finite the run goes back to the last checkpoint that was due, and on from
   * there with the batches that follow. Default 5.
   */
  readonly maxSkippedInARow?: number;
  /** After so many times of going back, or where there is no checkpoint, it ends with `DivergedError` instead. Default 3. */
  readonly maxRollBacks?: number;
  /** The ranks of this run. Default `singleProcess`. */
  readonly collective?: Collective;
  /** What must be equal for a checkpoint to be resumed, as plain JSON: model and data settings, say. Stored with it. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** How a run talks to the outside. */
export interface TrainHooks {
  readonly onEvent?: (event: TrainingEvent) => void;
  /**
   * Aborted: write a checkpoint and return `'stopped'`, without waiting for data or for the rest of an accumulated step. Several ranks
   * finish the step, so that all end after the same.
   */
  readonly stopSignal?: AbortSignal;
  /** Seconds from any fixed moment. Default `performance.now() / 1000`. */
  readonly now?: () => number;
}

/** How a run ended. */
export interface TrainResult {
  readonly outcome: 'done' | 'stopped';
  /** Steps taken, skipped ones included. */
  readonly step: number;
  readonly totalSteps: number;
  readonly skippedSteps: number;
  /** The newest checkpoint of this run; null where it has none. */
  readonly checkpointStep: number | null;
  /** Times that it went back to a checkpoint. */
  readonly rollBacks: number;
  /** The best that was measured; null where nothing was. */
  readonly best: BestValue | null;
}
