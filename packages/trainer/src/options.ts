import type { Collective } from '@umt/tensor';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { TrainingEvent } from './events.ts';
import type { ParameterAverage } from './parameter-average.ts';
import type { BatchSource } from './task.ts';

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

/** When checkpoints are written and which one a run starts from. */
export interface CheckpointOptions {
  readonly store: CheckpointStore;
  /** Write one every so many steps. Default: only by epochs. */
  readonly everySteps?: number;
  /** Write one every so many epochs. Default 1; 0 writes none by epochs. The end of the run and an orderly stop always write one. */
  readonly everyEpochs?: number;
  /** How many of the newest stay. Default 3. */
  readonly keep?: number;
  /**
   * `'newest'`, the default, goes on from the newest complete checkpoint, or starts anew where there is none. A number
   * goes on from exactly that step. `'never'` starts anew and refuses a store that already holds checkpoints.
   */
  readonly resume?: 'newest' | 'never' | number;
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
  /** How many steps in a row may be skipped as not finite before the run ends with `DivergedError`. Default 5. */
  readonly maxSkippedInARow?: number;
  /** The ranks of this run. Default `singleProcess`. */
  readonly collective?: Collective;
  /** What must be equal for a checkpoint to be resumed, as plain JSON: model and data settings, say. Stored with it. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** How a run talks to the outside. */
export interface TrainHooks {
  readonly onEvent?: (event: TrainingEvent) => void;
  /** Aborted: finish the step, write a checkpoint, return `'stopped'`. */
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
}
