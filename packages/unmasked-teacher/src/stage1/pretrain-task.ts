// B clips, T frames of H x W pixels, M visible tokens of a clip, P numbers of a patch vector.
import { alignmentLoss, type AlignmentLossKind } from '@umt/losses';
import { isDrawable } from '@umt/masking';
import { dropPathFactors } from '@umt/nn';
import { add, cast, fullLike, multiply, scope, select, tensor, withoutGradients, type Tensor } from '@umt/tensor';
import { patchVectors } from '@umt/tokenizer';
import type { StepContext, TaskLoss, TrainingTask } from '@umt/trainer';
import type { Student } from '@umt/vit';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import type { FrozenTeacher } from './frozen-teacher.ts';
import { maskedTarget, studentTokens } from './masks.ts';
import { samplesOf } from '../training/samples-of.ts';

/** A batch of clips, as the loader of @umt/data gives it. */
export interface VideoBatch {
  /** float32 [B, T, H, W, 3], normalised, row-major. */
  readonly video: Float32Array;
  /** [B, T, H, W, 3] */
  readonly shape: readonly number[];
}

/** One of several teachers. */
export interface AlignedTeacher {
  /** What its loss is logged under: `loss/{name}`. */
  readonly name: string;
  readonly teacher: FrozenTeacher;
  /** Factor of its loss. */
  readonly weight: number;
  /** How its features are compared with the student's. */
  readonly loss: AlignmentLossKind;
}

/** What pre-training is made of: a student, and one teacher, or several at once. */
export type PretrainTaskOptions = {
  readonly student: Student;
  readonly config: Pick<PretrainConfig, 'mask' | 'video' | 'student' | 'alignment'>;
} & (
  | {
      /** The teacher; weight and loss are those of `config.alignment`. */
      readonly teacher: FrozenTeacher;
    }
  | {
      /** The student's first teacher, then those of its `extraTeachers`. */
      readonly teachers: readonly AlignedTeacher[];
      /** Which of them guides the mask, where that goes by attention: a name. Default the first. */
      readonly guide?: string;
    }
);

/**
 * Stage 1 (UMT section 3.2) as the trainer takes it: the teacher sees the whole clip, its attention decides which tokens
 * stay, the student sees those alone, and the loss is how far its aligned layers are from the teacher's. Of several teachers
 * one guides the mask, all look at the tokens that stay, and their weighted losses are added.
 *
 * A batch whose teacher attention cannot be drawn from (not finite, or a frame with none) has no finite loss, so the
 * trainer does not apply its step.
 *
 * @throws RangeError when there are not as many teachers as the student has lists of heads, or none is the guide
 */
export function createPretrainTask(options: PretrainTaskOptions): TrainingTask<VideoBatch> {
  const { student, config } = options;
  const teachers = teachersOf(options);
  const guide = guideOf(options, teachers);
  const grid = studentTokens(config);
  const size = { frames: config.student.tubelet, patch: config.student.patchSize };
  const rates = student.encoder.dropPathRates;

  const loss = ({ video, shape }: VideoBatch, context: StepContext): TaskLoss => {
    const { seed, step } = context;
    const samples = samplesOf(shape[0] ?? 0, context);
    const video_BTHWC = tensor(video, shape);
    const masked = maskedTarget(guide.teacher, video_BTHWC, config, { seed, step, samples });
    const { visible, attention } = masked;
    const targets = teachers.map((one) =>
      one === guide ? masked.features : one.teacher.targetAt(video_BTHWC, visible, grid),
    );
    const { precision } = config.student;
    const patches_BMP = scope(() => withoutGradients(() => cast(patchVectors(video_BTHWC, size, visible), precision)));
    video_BTHWC.dispose();
    const keep = tensor(dropPathFactors({ seed, step, samples, rates }), [rates.length, 2, samples.length]);
    const { features, extraFeatures } = student.forwardPatches(patches_BMP, visible, { dropPath: keep });
    const losses = [features, ...extraFeatures].flatMap((own, index) => {
      const [one, target] = [teachers[index], targets[index]];
      return one && target ? [{ ...one, value: float32Loss(own, target, one.loss) }] : [];
    });
    const total = scope(() => losses.map(({ value, weight }) => multiply(value, weight)).reduce((a, b) => add(a, b)));
    return {
      loss: scope(() => orNothing(total, attention)),
      ...('teachers' in options && {
        metrics: Object.fromEntries(losses.map(({ name, value }) => [`loss/${name}`, value])),
      }),
    };
  };
  return { parameters: student.parameters(), loss };
}

/** Features are compared in float32, whatever either side computed in. */
function float32Loss(own: Tensor, target: Tensor, kind: AlignmentLossKind): Tensor {
  return scope(() => alignmentLoss(cast(own, 'float32'), cast(target, 'float32'), kind));
}

function teachersOf(options: PretrainTaskOptions): readonly AlignedTeacher[] {
  const { config, student } = options;
  const { weight, loss } = config.alignment;
  const teachers =
    'teachers' in options ? options.teachers : [{ name: 'alignment', teacher: options.teacher, weight, loss }];
  const lists = 1 + student.config.extraTeachers.length;
  if (teachers.length !== lists) {
    throw new RangeError(
      `pre-training: ${teachers.length} teachers for a student with heads for ${lists}; list each teacher beyond the first in the student's extraTeachers`,
    );
  }
  return teachers;
}

function guideOf(options: PretrainTaskOptions, teachers: readonly AlignedTeacher[]): AlignedTeacher {
  const name = 'teachers' in options ? options.guide : undefined;
  const guide = name === undefined ? teachers[0] : teachers.find((one) => one.name === name);
  if (guide) return guide;
  throw new RangeError(`pre-training: the guide '${name}' is none of ${teachers.map((one) => one.name).join(', ')}`);
}

/** The loss, or NaN where no mask could be drawn. */
function orNothing(loss: Tensor, attention: Tensor | null): Tensor {
  return attention ? select(isDrawable(attention), loss, fullLike(loss, Number.NaN)) : loss;
}
