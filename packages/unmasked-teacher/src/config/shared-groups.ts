import * as z from 'zod';
import { choice, flag, fractionPair, number, orNull, positiveNumber, probability, text, wholeNumber } from './field.ts';
import type { DeepReadonly } from './merge-config.ts';

/** What every run has: where it starts from, where it goes, and what decides its random numbers. */
export const runFields = {
  recipe: text('name of the recipe that the configuration started from'),
  output: text('folder for checkpoints, logs, weights and report', 'the path of a folder'),
  device: text('where tensors live: auto, or the name of an engine', 'auto or the name of an engine'),
  seed: wholeNumber('seed of weights, order, augmentation, masks and drop path', 0),
  resume: flag('go on from the newest checkpoint in the output folder'),
};

/** AdamW and its learning rates. */
export const optimizerGroup = z.strictObject({
  learningRate: positiveNumber('peak learning rate per 256 clips; the batch scales it'),
  minLearningRate: number('learning rate at the end per 256 clips; the batch scales it'),
  betas: fractionPair('decay rates of the two moments of AdamW'),
  epsilon: positiveNumber('what AdamW adds to the root of the second moment'),
  weightDecay: number('decoupled weight decay of matrices; biases and norms have none'),
  clipNorm: orNull(positiveNumber('largest global norm of the gradients'), 'no clipping'),
});

/** How long a run is and how its learning rate begins. */
export const scheduleGroup = z.strictObject({
  epochs: wholeNumber('length of the learning-rate schedule and of the run', 1),
  warmupEpochs: number('epochs during which the learning rate grows; not used where warmupSteps is above 0'),
  warmupSteps: wholeNumber('optimizer steps during which the learning rate grows', 0),
  maxSteps: orNull(
    wholeNumber('optimizer steps after which the run ends, its schedule unbent', 1),
    'the whole schedule',
  ),
});

/** What makes one optimizer step. */
export const batchGroup = z.strictObject({
  size: wholeNumber('videos that pass through the models at once, in all processes of the run together', 1),
  accumulation: wholeNumber('batches whose gradients make one optimizer step', 1),
});

/** What stands between path and label. */
export const separatorField = choice('what stands between path and label in a list without a header', [
  'comma',
  'space',
]);

/** Where videos come from and who decodes them. */
export const dataFields = {
  prefix: orNull(text('folder put in front of the paths of a list', 'the path of a folder'), 'paths as they are'),
  workers: wholeNumber('threads that decode videos; 0 decodes between steps', 0),
  cacheMegabytes: number('memory for decoded videos, so that a small set is decoded once'),
  maxUnreadableShare: probability(
    'share of the videos that may be unreadable: others take their place, and quarantine.jsonl names them',
  ),
};

/** When checkpoints are written. */
export const checkpointGroup = z.strictObject({
  everySteps: orNull(wholeNumber('optimizer steps from one checkpoint to the next', 1), 'one at the end of each epoch'),
  keep: wholeNumber('newest checkpoints that are kept', 1),
  keepBest: wholeNumber('checkpoints that are kept because they did best when they were measured', 0),
  keepEverySteps: orNull(wholeNumber('optimizer steps between checkpoints that are never deleted', 1), 'none'),
  keepEveryEpochs: orNull(wholeNumber('epochs between checkpoints that are never deleted', 1), 'none'),
});

/** What becomes of a run whose loss or gradients are not finite. */
export const divergenceGroup = z.strictObject({
  skippedSteps: wholeNumber('steps in a row that may not be finite before the run goes back to a checkpoint', 1),
  rollBacks: wholeNumber('times that it may go back before it ends with an error', 0),
});

/** The fields that every run has. */
export type RunConfig = DeepReadonly<
  z.output<z.ZodObject<typeof runFields>> & {
    readonly optimizer: z.output<typeof optimizerGroup>;
    readonly schedule: z.output<typeof scheduleGroup>;
    readonly batch: z.output<typeof batchGroup>;
    readonly checkpoint: z.output<typeof checkpointGroup>;
    readonly divergence: z.output<typeof divergenceGroup>;
  }
>;
