// B clips, T frames, t of them after tubelets, P patches of a frame, M visible tokens of a clip.
import { drawVisible, exponentialNoise, hostVisible, visibleCount, type MaskDraw } from '@umt/masking';
import { tensor, type Tensor } from '@umt/tensor';
import { tokenGrid, type TokenGrid } from '@umt/tokenizer';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import { checkAttention, type FrozenTarget, type FrozenTeacher } from './frozen-teacher.ts';

/** What of a configuration decides a mask. */
export type MaskConfig = Pick<PretrainConfig, 'mask' | 'video' | 'student'>;

/** The student's tokens of a clip. */
export function studentTokens({ video, student }: Pick<PretrainConfig, 'video' | 'student'>): TokenGrid {
  const clip = { frames: video.frames, height: video.size, width: video.size };
  return tokenGrid(clip, { frames: student.tubelet, patch: student.patchSize });
}

/** A teacher's answer for the visible tokens; without attention where the mask does not ask for it. */
export type MaskedTarget = Omit<FrozenTarget, 'attention'> & { readonly attention: Tensor | null };

/**
 * Draws which tokens of each clip the student sees, and asks the teacher for its features of them (UMT section 3.2). The
 * draw depends on seed, step and sample numbers alone, besides the attention.
 *
 * @param video_BTHWC [B, T, H, W, 3], normalised
 * @throws TeacherGridError when the teacher's tokens are not the student's
 */
export function maskedTarget(
  teacher: FrozenTeacher,
  video_BTHWC: Tensor,
  config: MaskConfig,
  draw: MaskDraw,
): MaskedTarget {
  const { mask } = config;
  const grid = studentTokens(config);
  const clips = draw.samples.length;
  if (mask.kind !== 'attention') {
    const indices = hostVisible(mask.kind, grid, mask.ratio, draw);
    const visible = tensor(indices, [clips, indices.length / clips], 'int32');
    return { features: teacher.targetAt(video_BTHWC, visible, grid), visible, attention: null };
  }
  const { frames } = grid;
  const patches = grid.rows * grid.columns;
  const noise = tensor(exponentialNoise(draw, frames * patches), [clips * frames, patches]);
  const visiblePerFrame = visibleCount(patches, mask.ratio);
  return teacher.target(video_BTHWC, (attention) => {
    checkAttention(attention, clips, grid);
    return drawVisible(attention, noise, { visiblePerFrame, frames });
  });
}
