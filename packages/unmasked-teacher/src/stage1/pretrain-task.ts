// B clips, T frames of H x W pixels, M visible tokens of a clip, P numbers of a patch vector.
import { alignmentLoss } from '@umt/losses';
import { isDrawable } from '@umt/masking';
import { dropPathFactors } from '@umt/nn';
import { fullLike, multiply, scope, select, tensor, withoutGradients, type Tensor } from '@umt/tensor';
import { patchVectors } from '@umt/tokenizer';
import type { StepContext, TaskLoss, TrainingTask } from '@umt/trainer';
import type { Student } from '@umt/vit';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import type { FrozenTeacher } from './frozen-teacher.ts';
import { maskedTarget } from './masks.ts';

/** A batch of clips, as the loader of @umt/data gives it. */
export interface VideoBatch {
  /** float32 [B, T, H, W, 3], normalised, row-major. */
  readonly video: Float32Array;
  /** [B, T, H, W, 3] */
  readonly shape: readonly number[];
}

/** What pre-training is made of. */
export interface PretrainTaskOptions {
  readonly student: Student;
  readonly teacher: FrozenTeacher;
  readonly config: Pick<PretrainConfig, 'mask' | 'video' | 'student' | 'alignment'>;
}

/**
 * Stage 1 (UMT section 3.2) as the trainer takes it: the teacher sees the whole clip, its attention decides which tokens
 * stay, the student sees those alone, and the loss is how far its aligned layers are from the teacher's.
 *
 * A batch whose teacher attention cannot be drawn from (not finite, or a frame with none) has no finite loss, so the
 * trainer does not apply its step.
 */
export function createPretrainTask({ student, teacher, config }: PretrainTaskOptions): TrainingTask<VideoBatch> {
  const { alignment } = config;
  const size = { frames: 1, patch: config.student.patchSize };
  const rates = student.encoder.dropPathRates;

  const loss = ({ video, shape }: VideoBatch, context: StepContext): TaskLoss => {
    const { seed, step } = context;
    const samples = samplesOf(shape[0] ?? 0, context);
    const video_BTHWC = tensor(video, shape);
    const { features, visible, attention } = maskedTarget(teacher, video_BTHWC, config, { seed, step, samples });
    const patches_BMP = withoutGradients(() => patchVectors(video_BTHWC, size, visible));
    video_BTHWC.dispose();
    const keep = tensor(dropPathFactors({ seed, step, samples, rates }), [rates.length, 2, samples.length]);
    const output = student.forwardPatches(patches_BMP, visible, { dropPath: keep });
    const distance = alignmentLoss(output.features, features, alignment.loss);
    return { loss: scope(() => orNothing(multiply(distance, alignment.weight), attention)) };
  };
  return { parameters: student.parameters(), loss };
}

/** Of each clip, its place in the whole batch of the step, over accumulated micro-batches and ranks. */
function samplesOf(clips: number, { microStep, collective }: StepContext): readonly number[] {
  const { rank, worldSize } = collective;
  return Array.from({ length: clips }, (_, clip) => (microStep * worldSize + rank) * clips + clip);
}

/** The loss, or NaN where no mask could be drawn. */
function orNothing(loss: Tensor, attention: Tensor | null): Tensor {
  return attention ? select(isDrawable(attention), loss, fullLike(loss, Number.NaN)) : loss;
}
