import type { PretrainClipOptions } from '@umt/data';
import type { BatchSource, CheckpointStore, TrainOptions } from '@umt/trainer';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import { runOptions } from '../training/train-options.ts';

/** How videos become clips, as @umt/data takes it. */
export function clipOptionsOf({ video, data }: PretrainConfig): PretrainClipOptions {
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

/** The run's options, as @umt/trainer takes them. */
export function trainOptionsOf<Batch>(
  config: PretrainConfig,
  batches: BatchSource<Batch>,
  store: CheckpointStore | null,
): TrainOptions<Batch> {
  return runOptions(config, { batches, store, repeats: config.video.repeats, identity: identityOf(config) });
}

/** What two runs must share for one to go on from the other's checkpoint: all that bends the losses. */
function identityOf(config: PretrainConfig): Readonly<Record<string, unknown>> {
  const { video, student, teacher, alignment, mask, optimizer, batch, data } = config;
  const { clipsPerVideo, heldOut } = data;
  return { video, student, teacher, alignment, mask, optimizer, batch, data: { clipsPerVideo, heldOut } };
}
