import * as z from 'zod';
import { checkPretrainConfig } from './check-pretrain-config.ts';
import { choice, flag, fraction, number, orNull, positiveNumber, text, wholeNumber } from './field.ts';
import type { DeepReadonly } from './merge-config.ts';
import { parseConfig } from './parse-config.ts';
import {
  batchGroup,
  checkpointGroup,
  dataFields,
  divergenceGroup,
  optimizerGroup,
  runFields,
  scheduleGroup,
  separatorField,
} from './shared-groups.ts';

const PRECISIONS = ['float32', 'bfloat16'] as const;

const video = z.strictObject({
  frames: wholeNumber('frames of a clip', 1),
  size: wholeNumber('height and width of a clip in pixels', 1),
  sampling: choice('sparse: one frame from each of `frames` equal parts of the video; dense: neighbours', [
    'sparse',
    'dense',
  ]),
  stride: wholeNumber('frames from one sampled frame to the next (dense sampling only)', 1),
  flip: flag('mirror half of the clips'),
  colorJitter: number('strength of random brightness, contrast and saturation; 0 is none'),
  repeats: wholeNumber('differently augmented copies of each video in a batch', 1),
});

const student = z.strictObject({
  width: wholeNumber('channels of a token', 1),
  depth: wholeNumber('transformer blocks', 1),
  heads: wholeNumber('attention heads', 1),
  patchSize: wholeNumber('height and width of a patch in pixels', 1),
  tubelet: wholeNumber('frames that make one token; the teacher then looks at the middle one', 1),
  mlpRatio: positiveNumber('hidden channels of the MLP per channel of a token'),
  dropPath: fraction('stochastic depth: the rate of the last block, growing linearly from 0'),
  layerScale: number('initial value of the per-channel scale of each branch; 0 is without'),
  precision: choice('what the student computes in; its parameters stay float32', PRECISIONS),
});

const teacher = z.strictObject({
  weights: orNull(
    text('a CLIP, whole or its visual tower: .pth, TorchScript or .safetensors', 'the path of a checkpoint'),
    'random weights',
  ),
  width: wholeNumber('channels of a token', 1),
  depth: wholeNumber('transformer layers', 1),
  heads: wholeNumber('attention heads', 1),
  patchSize: wholeNumber('height and width of a patch in pixels', 1),
  inputSize: wholeNumber('height and width, in pixels, that frames are resized to for the teacher', 1),
  outputWidth: wholeNumber('channels of a projected token, which the student learns to predict', 1),
  precision: choice('what the frozen teacher is kept in and computes in', PRECISIONS),
});

const alignment = z.strictObject({
  layers: wholeNumber('how many of the last layers are aligned', 1),
  studentInterval: positiveNumber('student layers from one aligned layer to the next'),
  teacherInterval: positiveNumber('teacher layers from one aligned layer to the next'),
  head: choice('what brings a student layer to the width of the teacher: linear, or mlp with a hidden layer', [
    'linear',
    'mlp',
  ]),
  normalize: choice('what student and teacher features are divided by', ['l2', 'none']),
  loss: choice('distance of student and teacher features', ['l2', 'mse', 'smooth_l1']),
  weight: positiveNumber('factor of the loss'),
});

const mask = z.strictObject({
  kind: choice('which tokens the student does not see', ['attention', 'tube', 'random']),
  ratio: fraction('share of the tokens that the student does not see'),
});

const data = z.strictObject({
  path: orNull(
    text(
      'folder of videos, list (plain, CSV, JSON, JSON lines, Parquet) or shard set',
      'the path of a folder or a list file',
    ),
    'to be given before a run',
  ),
  clipsPerVideo: wholeNumber('random clips taken from each video in an epoch', 1),
  heldOut: wholeNumber('videos kept out of training and used to measure it, evenly spread over the list', 0),
  separator: separatorField,
  ...dataFields,
});

const report = z.strictObject({
  evaluateEverySteps: orNull(
    wholeNumber('optimizer steps from one held-out evaluation to the next', 1),
    'only at the end',
  ),
  clips: wholeNumber('clips that the HTML report shows with attention and mask', 0),
});

const shape = z.strictObject({
  ...runFields,
  video,
  student,
  teacher,
  alignment,
  mask,
  optimizer: optimizerGroup,
  schedule: scheduleGroup,
  batch: batchGroup,
  data,
  checkpoint: checkpointGroup,
  divergence: divergenceGroup,
  report,
});

/** What a pre-training run is: every field of `pretrainSchema`, all of them present. */
export type PretrainConfig = DeepReadonly<z.output<typeof shape>>;

/** The schema of a pre-training configuration: which fields there are, what they mean and allow, and how they must agree. */
export const pretrainSchema = shape.superRefine(checkPretrainConfig);

/**
 * Checks a pre-training configuration.
 * @param source where it came from, for the message
 * @throws ConfigError one line that names every wrong field and what is allowed
 */
export function parsePretrainConfig(value: unknown, source?: string): PretrainConfig {
  return parseConfig(pretrainSchema, value, source);
}
