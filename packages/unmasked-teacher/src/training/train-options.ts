import {
  scaleLearningRate,
  type BatchSource,
  type CheckpointStore,
  type ParameterAverage,
  type TrainOptions,
} from '@umt/trainer';
import type { RunConfig } from '../config/shared-groups.ts';

/** What a run's options need beside the fields that all configurations have. */
export interface TrainSettings<Batch> {
  readonly batches: BatchSource<Batch>;
  /** Where checkpoints go; null for none. */
  readonly store: CheckpointStore | null;
  /** Augmented copies of each video, on which the learning rate depends. */
  readonly repeats: number;
  /** Learning rate at the first step of the warm-up, per 256 clips. Default 0. */
  readonly warmupLearningRate?: number;
  /** Factor on the learning rate of a parameter, by its name. Default 1 for all. */
  readonly learningRateScale?: (name: string) => number;
  readonly averaging?: ParameterAverage | undefined;
  /** What two runs must share for one to go on from the other's checkpoint: all that bends the losses. */
  readonly identity: Readonly<Record<string, unknown>>;
}

/**
 * A run's options, as @umt/trainer takes them. The learning rates are those of 256 clips scaled to the batch and its copies
 * (reference behaviour).
 */
export function runOptions<Batch>(
  config: Pick<RunConfig, 'seed' | 'resume' | 'optimizer' | 'schedule' | 'batch' | 'checkpoint' | 'divergence'>,
  { batches, store, repeats, warmupLearningRate = 0, learningRateScale, averaging, identity }: TrainSettings<Batch>,
): TrainOptions<Batch> {
  const { optimizer, schedule, batch, checkpoint, divergence } = config;
  const scaled = (rate: number) => scaleLearningRate(rate, batch.size * batch.accumulation, repeats);
  return {
    seed: config.seed,
    epochs: schedule.epochs,
    batches,
    accumulationSteps: batch.accumulation,
    learningRate: {
      peak: scaled(optimizer.learningRate),
      final: scaled(optimizer.minLearningRate),
      start: scaled(warmupLearningRate),
      warmupEpochs: schedule.warmupEpochs,
      warmupSteps: schedule.warmupSteps,
    },
    optimizer: {
      beta1: optimizer.betas[0],
      beta2: optimizer.betas[1],
      epsilon: optimizer.epsilon,
      weightDecay: optimizer.weightDecay,
      maxGradientNorm: optimizer.clipNorm,
      ...(learningRateScale && { learningRateScale }),
    },
    ...(averaging && { averaging }),
    ...(schedule.maxSteps === null ? {} : { maxSteps: schedule.maxSteps }),
    ...(store && {
      checkpoints: {
        store,
        keep: checkpoint.keep,
        keepBest: checkpoint.keepBest,
        keepEverySteps: checkpoint.keepEverySteps ?? 0,
        keepEveryEpochs: checkpoint.keepEveryEpochs ?? 0,
        resume: config.resume ? 'newest' : 'never',
        ...(checkpoint.everySteps === null ? {} : { everySteps: checkpoint.everySteps, everyEpochs: 0 }),
      },
    }),
    maxSkippedInARow: divergence.skippedSteps,
    maxRollBacks: divergence.rollBacks,
    config: identity,
  };
}
