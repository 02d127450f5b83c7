import * as z from 'zod';
import { checkFinetuneConfig } from './check-finetune-config.ts';
import {
  choice,
  flag,
  fraction,
  number,
  orNull,
  positiveNumber,
  probability,
  range,
  text,
  wholeNumber,
} from './field.ts';
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

const video = z.strictObject({
  frames: wholeNumber('frames of a clip', 1),
  size: wholeNumber('height and width of a clip in pixels', 1),
  sampling: choice(
    'sparse: one frame from each of `frames` overlapping parts of the video (Kinetics, Moments in Time); segments: from ' +
      'equal parts (Something-Something); dense: neighbours',
    ['sparse', 'segments', 'dense'],
  ),
  stride: wholeNumber('frames from one sampled frame to the next (dense sampling only)', 1),
});

const model = z.strictObject({
  width: wholeNumber('channels of a token', 1),
  depth: wholeNumber('transformer blocks', 1),
  heads: wholeNumber('attention heads', 1),
  patchSize: wholeNumber('height and width of a patch in pixels', 1),
  tubelet: wholeNumber('frames that make one token', 1),
  mlpRatio: positiveNumber('hidden channels of the MLP per channel of a token'),
  pooling: choice('what the head looks at: the mean over all tokens, or the first token', ['mean', 'first-token']),
  dropPath: fraction('stochastic depth: the rate of the last block, growing linearly from 0'),
  dropout: fraction('share of the pooled features that are dropped before the head'),
  layerScale: number('initial value of the per-channel scale of each branch; 0 is without'),
  headScale: positiveNumber('factor on the initial weights of the head'),
  recomputedBlocks: wholeNumber('first blocks that compute their activations again instead of keeping them', 0),
});

const from = z.strictObject({
  weights: orNull(
    text('weights to start from: a pre-trained student or a classifier', 'the path of a checkpoint'),
    'random weights',
  ),
  head: choice('take the head of the weights where it has the right number of classes, or make a new one', [
    'load',
    'new',
  ]),
  headRows: orNull(
    text('JSON list of the rows to take from a head of more classes, one for each class', 'the path of a .json file'),
    'all rows, or the first 400 of 710',
  ),
});

const augmentation = z.strictObject({
  randAugment: orNull(text('RandAugment in the notation of timm', 'text like rand-m7-n4-mstd0.5-inc1'), 'none'),
  scale: range('share of the area of the video that a crop covers, from and to'),
  ratio: range('width over height of a crop, from and to'),
  flip: flag('mirror half of the clips; off where left and right are different classes'),
  erasing: probability('how likely a rectangle of a clip becomes noise'),
  repeats: wholeNumber('differently augmented copies of each video in a batch', 1),
});

const mixing = z.strictObject({
  mixup: number('both parameters of the Beta distribution of mixup; 0 is without'),
  cutmix: number('both parameters of the Beta distribution of cutmix; 0 is without'),
  probability: probability('how likely a batch is mixed'),
  switchProbability: probability('how likely a mixed batch gets cutmix, where both are on'),
});

const loss = z.strictObject({
  kind: choice('one class per video, or any number of them', ['cross-entropy', 'multi-label']),
  smoothing: fraction('label smoothing: share of the target that is spread over all classes'),
  classWeights: choice('balanced: classes count by the inverse of how many videos they have (without mixing)', [
    'none',
    'balanced',
  ]),
});

const optimizer = z.strictObject({
  ...optimizerGroup.shape,
  layerDecay: positiveNumber('factor on the learning rate from each block to the one below; 1 is without'),
});

const schedule = z.strictObject({
  ...scheduleGroup.shape,
  warmupLearningRate: number('learning rate at the start of the warm-up per 256 clips; the batch scales it'),
});

const averaging = z.strictObject({
  decay: orNull(fraction('moving average of the weights that is evaluated and saved: its decay'), 'no averaging'),
});

const listFile = 'the path of a folder or a list file';
const data = z.strictObject({
  path: orNull(
    text(
      'labelled videos for training: a folder per class, a list (CSV, JSON, JSON lines, Parquet) or a shard set',
      listFile,
    ),
    'to be given before a run',
  ),
  validation: orNull(text('labelled videos to measure the classifier by, given likewise', listFile), 'no measurement'),
  classes: orNull(wholeNumber('number of classes, to be checked against the lists', 1), 'as many as the list has'),
  separator: orNull(separatorField, 'a comma where the first line has one'),
  ...dataFields,
});

const evaluation = z.strictObject({
  everyEpochs: orNull(wholeNumber('epochs from one measurement to the next', 1), 'only at the end'),
  clips: wholeNumber('clips of a video over time whose predictions are averaged at the end', 1),
  crops: wholeNumber('crops of each clip along its longer side', 1),
  shortSide: orNull(wholeNumber('pixels that the shorter side is resized to before crops are cut', 1), 'video.size'),
});

const report = z.strictObject({
  clips: wholeNumber('validation clips that the HTML report shows with their predictions', 0),
});

const shape = z.strictObject({
  ...runFields,
  method: choice('train everything, or only a head on frozen features', ['full', 'linear-probe', 'attentive-probe']),
  video,
  model,
  from,
  augmentation,
  mixing,
  loss,
  optimizer,
  schedule,
  batch: batchGroup,
  averaging,
  data,
  evaluation,
  checkpoint: checkpointGroup,
  divergence: divergenceGroup,
  report,
});

/** What a fine-tuning run is: every field of `finetuneSchema`, all of them present. */
export type FinetuneConfig = DeepReadonly<z.output<typeof shape>>;

/** The schema of a fine-tuning configuration: which fields there are, what they mean and allow, and how they must agree. */
export const finetuneSchema = shape.superRefine(checkFinetuneConfig);

/**
 * Checks a fine-tuning configuration.
 * @param source where it came from, for the message
 * @throws ConfigError one line that names every wrong field and what is allowed
 */
export function parseFinetuneConfig(value: unknown, source?: string): FinetuneConfig {
  return parseConfig(finetuneSchema, value, source);
}
