import type { BatchPlace } from './loader.ts';
import type { VideoEntry } from './manifest.ts';
import type { VideoClip } from './video-clip-dataset.ts';

/** A batch of clips. Copies of one sample lie next to each other. */
export interface ClipBatch {
  /** float32 [B, T, H, W, 3], B = samples x copies. */
  readonly video: Float32Array;
  /** [B, T, H, W, 3]. */
  readonly shape: readonly [number, number, number, number, number];
  /** [B] sample index of each clip. */
  readonly indices: readonly number[];
  /** [B] path of the video that each clip was made of. */
  readonly paths: readonly string[];
  /** [B] class numbers, where the list has them. */
  readonly labels: readonly (number | undefined)[];
  /** [B] all class numbers of each clip's video: none, one, or several where the list is multi-label. */
  readonly labelSets: readonly (readonly number[])[];
  /** [B] all that the list says of each clip's video: its captions, question and answers. */
  readonly entries: readonly VideoEntry[];
  readonly epoch: number;
  /** The batch's number in its epoch, from 0. */
  readonly step: number;
}

/** Puts samples together into a batch. */
export function collateClips(
  samples: readonly VideoClip[],
  clip: { readonly frames: number; readonly size: number; readonly copies?: number },
  { epoch, step }: BatchPlace,
): ClipBatch {
  const { frames, size, copies = 1 } = clip;
  const length = copies * frames * size * size * 3;
  const video = new Float32Array(samples.length * length);
  for (const [i, sample] of samples.entries()) video.set(sample.video, i * length);
  const each = <T>(field: (sample: VideoClip) => T) =>
    samples.flatMap((sample) => new Array<T>(copies).fill(field(sample)));
  return {
    video,
    shape: [samples.length * copies, frames, size, size, 3],
    indices: each(({ index }) => index),
    paths: each(({ path }) => path),
    labels: each(({ label }) => label),
    labelSets: each(({ labels }) => labels),
    entries: each(({ entry }) => entry),
    epoch,
    step,
  };
}
