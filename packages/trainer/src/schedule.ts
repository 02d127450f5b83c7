import { TrainOptionsError } from './errors.ts';
import type { LearningRateOptions } from './options.ts';

/** The value of a step, counted from 0. */
export type Schedule = (step: number) => number;

/** Shape of a schedule, in steps. */
export interface WarmupCosine {
  readonly peak: number;
  readonly final: number;
  /** Value of step 0 where there is a warm-up. */
  readonly start: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/**
 * Linear warm-up from `start` to `peak`, both ends included, then half a cosine towards `final`. As in the reference the
 * cosine begins at `peak` too, so the peak comes twice in a row, and `final` is never quite reached.
 *
 * @throws TrainOptionsError when the warm-up is longer than the run
 * @throws RangeError from the schedule, for a step outside 0 .. totalSteps - 1
 */
export function warmupCosine({ peak, final, start, warmupSteps, totalSteps }: WarmupCosine): Schedule {
  if (warmupSteps > totalSteps) {
    throw new TrainOptionsError(
      `a warm-up of ${warmupSteps} steps does not fit into a run of ${totalSteps}; shorten it or train longer`,
    );
  }
  const cosineSteps = totalSteps - warmupSteps;
  return (step) => {
    if (!(step >= 0 && step < totalSteps)) {
      throw new RangeError(`schedule: step ${step} is outside 0 .. ${totalSteps - 1}`);
    }
    if (step >= warmupSteps) {
      return final + 0.5 * (peak - final) * (1 + Math.cos((Math.PI * (step - warmupSteps)) / cosineSteps));
    }
    if (step === 0) return start;
    return step === warmupSteps - 1 ? peak : start + (step * (peak - start)) / (warmupSteps - 1);
  };
}

/** Length of a warm-up in steps: `warmupSteps` where it is greater than 0, also without epochs; else whole epochs. */
export function warmupStepsOf(
  { warmupSteps = 0, warmupEpochs = 0 }: Pick<LearningRateOptions, 'warmupSteps' | 'warmupEpochs'>,
  stepsPerEpoch: number,
): number {
  return warmupSteps > 0 ? warmupSteps : Math.round(warmupEpochs * stepsPerEpoch);
}

/**
 * The reference's scaling rule: rates are stated for 256 samples per step. Apply it to the peak, the final and the
 * warm-up value alike.
 *
 * @param effectiveBatchSize clips per optimizer step over all micro-batches and ranks
 * @param samplesPerClip augmented copies of each clip (repeated augmentation)
 */
export function scaleLearningRate(learningRate: number, effectiveBatchSize: number, samplesPerClip = 1): number {
  return (learningRate * effectiveBatchSize * samplesPerClip) / 256;
}

/**
 * Layer-wise learning rate decay of the reference: the factor of a parameter is `decay ** (depth + 1 - layer)`, where the
 * embeddings are layer 0, block k is layer k + 1, and everything after the blocks is layer `depth + 1`, whose factor is 1.
 * A decay of 1 or more gives 1 everywhere.
 *
 * @param depth number of blocks
 * @returns the factor by the parameter's name, for `OptimizerOptions.learningRateScale`
 */
export function layerDecay(decay: number, depth: number): (name: string) => number {
  return (name) => (decay >= 1 ? 1 : decay ** (depth + 1 - layerOf(name, depth)));
}

const EMBEDDING =
  /^(pos_embed|cls_token|mask_token|patch_embed\..*|conv1\..*|class_embedding|(temporal_)?positional_embedding)$/;
const BLOCK = /^(?:blocks|transformer\.resblocks)\.(\d+)\./;

function layerOf(name: string, depth: number): number {
  if (EMBEDDING.test(name)) return 0;
  const block = BLOCK.exec(name)?.[1];
  return block === undefined ? depth + 1 : Number(block) + 1;
}
