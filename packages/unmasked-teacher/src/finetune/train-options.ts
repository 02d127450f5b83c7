import type { FinetuneClipOptions } from '@umt/data';
import {
  layerDecay,
  type BatchSource,
  type CheckpointStore,
  type ParameterAverage,
  type TrainOptions,
} from '@umt/trainer';
import { isMixing } from '../config/check-finetune-config.ts';
import type { FinetuneConfig } from '../config/finetune-config.ts';
import { runOptions } from '../training/train-options.ts';
import type { MixingOptions } from './finetune-task.ts';
import { samplingOf } from './models.ts';

/** How videos become training clips, as @umt/data takes it. */
export function finetuneClipOptions(config: FinetuneConfig): FinetuneClipOptions {
  const { video, augmentation, data } = config;
  return {
    kind: 'finetune',
    frames: video.frames,
    size: video.size,
    sampling: samplingOf(config),
    randAugment: augmentation.randAugment,
    scale: augmentation.scale,
    ratio: augmentation.ratio,
    flipProbability: augmentation.flip ? 0.5 : 0,
    erasing: { probability: augmentation.erasing },
    copies: augmentation.repeats,
    cacheBytes: Math.round(data.cacheMegabytes * 1e6),
  };
}

/** Mixup and cutmix of a configuration; null where neither is on. */
export function mixingOf({ mixing }: Pick<FinetuneConfig, 'mixing'>): MixingOptions | null {
  return isMixing(mixing) ? mixing : null;
}

/**
 * The run's options, as @umt/trainer takes them: learning rates scaled by the batch and its copies, a warm-up that begins at
 * `schedule.warmupLearningRate`, and layer-wise decay.
 */
export function finetuneTrainOptions<Batch>(
  config: FinetuneConfig,
  batches: BatchSource<Batch>,
  store: CheckpointStore | null,
  averaging?: ParameterAverage,
): TrainOptions<Batch> {
  return runOptions(config, {
    batches,
    store,
    repeats: config.augmentation.repeats,
    warmupLearningRate: config.schedule.warmupLearningRate,
    learningRateScale: layerDecay(config.optimizer.layerDecay, config.model.depth),
    averaging,
    identity: identityOf(config),
  });
}

/** What two runs must share for one to go on from the other's checkpoint: all that bends the losses. */
function identityOf(config: FinetuneConfig): Readonly<Record<string, unknown>> {
  const { method, video, model, from, augmentation, mixing, loss, optimizer, batch, averaging } = config;
  return { method, video, model, from, augmentation, mixing, loss, optimizer, batch, averaging };
}
