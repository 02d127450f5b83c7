// B clips, T frames, P patches of a frame, M visible tokens of a clip.
import { drawVisible, exponentialNoise, hostVisible, visibleCount, type MaskDraw } from '@umt/masking';
import { tensor, type Tensor } from '@umt/tensor';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import type { FrozenTarget, FrozenTeacher } from './frozen-teacher.ts';

/** What of a configuration decides a mask. */
export type MaskConfig = Pick<PretrainConfig, 'mask' | 'video' | 'student'>;

/** A teacher's answer for the visible tokens; without attention where the mask does not ask for it. */
export type MaskedTarget = Omit<FrozenTarget, 'attention'> & { readonly attention: Tensor | null };

/**
 * Draws which tokens of each clip the student sees, and asks the teacher for its features of them (UMT section 3.2). The
 * draw depends on seed, step and sample numbers alone, besides the attention.
 *
 * @param video_BTHWC [B, T, H, W, 3], normalised
 */
export function maskedTarget(
  teacher: FrozenTeacher,
  video_BTHWC: Tensor,
  { mask, video, student }: MaskConfig,
  draw: MaskDraw,
): MaskedTarget {
  const { frames } = video;
  const side = video.size / student.patchSize;
  const patches = side ** 2;
  const clips = draw.samples.length;
  if (mask.kind !== 'attention') {
    const grid = { frames, rows: side, columns: side };
    const indices = hostVisible(mask.kind, grid, mask.ratio, draw);
    const visible = tensor(indices, [clips, indices.length / clips], 'int32');
    return { features: teacher.targetAt(video_BTHWC, visible), visible, attention: null };
  }
  const noise = tensor(exponentialNoise(draw, frames * patches), [clips * frames, patches]);
  const visiblePerFrame = visibleCount(patches, mask.ratio);
  return teacher.target(video_BTHWC, (attention) => drawVisible(attention, noise, { visiblePerFrame, frames }));
}
