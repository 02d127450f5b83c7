// K layers, B clips, N tokens of a clip, M of them visible, C width of the features.
import { alignmentLoss } from '@umt/losses';
import {
  add,
  broadcastTo,
  divide,
  keep,
  l2Normalize,
  mean,
  read,
  readScalar,
  reshape,
  scope,
  tensor,
  type Tensor,
} from '@umt/tensor';
import { patchVectors, tokenCount } from '@umt/tokenizer';
import type { Student } from '@umt/vit';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import { selectOfLayers, type FrozenTeacher } from './frozen-teacher.ts';
import { maskedTarget, studentTokens, type MaskedTarget } from './masks.ts';
import type { VideoBatch } from './pretrain-task.ts';

/** What is measured on clips that stay the same. */
export interface EvaluationOptions {
  readonly teacher: FrozenTeacher;
  readonly config: Pick<PretrainConfig, 'mask' | 'video' | 'student' | 'alignment' | 'seed'>;
  readonly batches: readonly VideoBatch[];
}

/** Masks of an evaluation are drawn as those of one step that no training step is. */
const STEP = 2 ** 31;

/**
 * The alignment loss of the student on held-out clips, each under one mask that is the same at every call. Nothing is
 * dropped by drop path.
 */
export async function evaluateStudent(
  student: Student,
  { teacher, config, batches }: EvaluationOptions,
): Promise<number> {
  const size = { frames: config.student.tubelet, patch: config.student.patchSize };
  return meanLoss(batches, (batch, index) => {
    const video_BTHWC = tensor(batch.video, batch.shape);
    const { features, visible } = fixedTarget({ teacher, config }, batch, index, video_BTHWC);
    const output = student.forwardPatches(patchVectors(video_BTHWC, size, visible), visible);
    return alignmentLoss(output.features, features, config.alignment.loss);
  });
}

/**
 * The alignment loss of a guess that never sees a pixel: for each layer and token position the mean of the teacher's
 * features over training clips. What a student has to beat.
 */
export async function evaluateBlindGuess(
  guess_KNC: Tensor,
  { teacher, config, batches }: EvaluationOptions,
): Promise<number> {
  const [layers = 0, tokens = 0, width = 0] = guess_KNC.shape;
  return meanLoss(batches, (batch, index) => {
    const { features, visible } = fixedTarget({ teacher, config }, batch, index, tensor(batch.video, batch.shape));
    const clips = visible.shape[0] ?? 0;
    const same_KBNC = broadcastTo(reshape(guess_KNC, [layers, 1, tokens, width]), [layers, clips, tokens, width]);
    return alignmentLoss(selectOfLayers(same_KBNC, visible), features, config.alignment.loss);
  });
}

/**
 * The mean of the teacher's features over clips, for each layer and token position: [K, N, C], kept until it is disposed.
 * Unit vectors where the features are.
 */
export async function meanTarget(
  { teacher, config }: Omit<EvaluationOptions, 'batches'>,
  batches: AsyncIterable<VideoBatch>,
): Promise<Tensor> {
  const grid = studentTokens(config);
  const tokens = tokenCount(grid);
  const all = Int32Array.from({ length: tokens }, (_, token) => token);
  let sum: Tensor | undefined;
  let count = 0;
  for await (const { video, shape } of batches) {
    const clips = shape[0] ?? 0;
    const before = sum;
    sum = keep(
      scope(() => {
        const everything = broadcastTo(tensor(all, [1, tokens], 'int32'), [clips, tokens]);
        const ofBatch = mean(teacher.targetAt(tensor(video, shape), everything, grid), { axes: 1 });
        return before ? add(before, ofBatch) : ofBatch;
      }),
    );
    before?.dispose();
    count++;
  }
  const total = sum;
  if (!total) throw new Error('the mean of no clips');
  const guess = keep(
    scope(() => {
      const average = divide(total, count);
      return config.alignment.normalize === 'l2' ? l2Normalize(average) : average;
    }),
  );
  total.dispose();
  return guess;
}

/** What the report shows of a clip: where the teacher looks, and which tokens the student gets. */
export async function inspectClips(
  { teacher, config }: Omit<EvaluationOptions, 'batches'>,
  batch: VideoBatch,
  index: number,
) {
  const { visible, attention } = scope(() => {
    const target = fixedTarget({ teacher, config }, batch, index, tensor(batch.video, batch.shape));
    return { visible: target.visible, attention: target.attention };
  });
  const shown = { visible: await read(visible), attention: attention && (await read(attention)) };
  visible.dispose();
  attention?.dispose();
  return shown;
}

function fixedTarget(
  { teacher, config }: Omit<EvaluationOptions, 'batches'>,
  { shape }: VideoBatch,
  index: number,
  video_BTHWC: Tensor,
): MaskedTarget {
  const clips = shape[0] ?? 0;
  const samples = Array.from({ length: clips }, (_, clip) => index * clips + clip);
  return maskedTarget(teacher, video_BTHWC, config, { seed: config.seed, step: STEP, samples });
}

/** The mean of the batches' losses; batches are of one size. */
async function meanLoss(
  batches: readonly VideoBatch[],
  lossOf: (batch: VideoBatch, index: number) => Tensor,
): Promise<number> {
  let sum = 0;
  for (const [index, batch] of batches.entries()) {
    const loss = scope(() => lossOf(batch, index));
    sum += await readScalar(loss);
    loss.dispose();
  }
  return sum / batches.length;
}
