import type { ClipOptions } from '@umt/data';
import { scaleLearningRate, type BatchSource, type CheckpointStore, type TrainOptions } from '@umt/trainer';
import type { PretrainConfig } from '../config/pretrain-config.ts';

/** How videos become clips, as @umt/data takes it. */
export function clipOptionsOf({ video, data }: PretrainConfig): ClipOptions {
  return {
    frames: video.frames,
    size: video.size,
    sampling: video.sampling === 'sparse' ? { kind: 'segments' } : { kind: 'dense', rate: video.stride },
    flipProbability: video.flip ? 0.5 : 0,
    colorJitter: video.colorJitter,
    copies: video.repeats,
    cacheBytes: Math.round(data.cacheMegabytes * 1e6),
  };
}

/** Clips per optimizer step of one process, on which the learning rate depends. */
export function clipsPerStep({ batch, video }: Pick<PretrainConfig, 'batch' | 'video'>): number {
  return batch.size * batch.accumulation * video.repeats;
}

/** The run's options, as @umt/trainer takes them. The learning rates are those of 256 clips scaled to the batch. */
export function trainOptionsOf<Batch>(
  config: PretrainConfig,
  batches: BatchSource<Batch>,
  store: CheckpointStore | null,
): TrainOptions<Batch> {
  const { optimizer, schedule, batch, video, checkpoint } = config;
  const scaled = (rate: number) => scaleLearningRate(rate, batch.size * batch.accumulation, video.repeats);
  return {
    seed: config.seed,
    epochs: schedule.epochs,
    batches,
    accumulationSteps: batch.accumulation,
    learningRate: {
      peak: scaled(optimizer.learningRate),
      final: scaled(optimizer.minLearningRate),
      start: 0,
      warmupEpochs: schedule.warmupEpochs,
      warmupSteps: schedule.warmupSteps,
    },
    optimizer: {
      beta1: optimizer.betas[0],
      beta2: optimizer.betas[1],
      epsilon: optimizer.epsilon,
      weightDecay: optimizer.weightDecay,
      maxGradientNorm: optimizer.clipNorm,
    },
    ...(schedule.maxSteps === null ? {} : { maxSteps: schedule.maxSteps }),
    ...(store && {
      checkpoints: {
        store,
        keep: checkpoint.keep,
        resume: config.resume ? 'newest' : 'never',
        ...(checkpoint.everySteps === null ? {} : { everySteps: checkpoint.everySteps, everyEpochs: 0 }),
      },
    }),
    config: identityOf(config),
  };
}

/** What two runs must share for one to go on from the other's checkpoint: all that bends the losses. */
function identityOf(config: PretrainConfig): Readonly<Record<string, unknown>> {
  const { video, student, teacher, alignment, mask, optimizer, batch, data } = config;
  const { clipsPerVideo, heldOut } = data;
  return { video, student, teacher, alignment, mask, optimizer, batch, data: { clipsPerVideo, heldOut } };
}
