import type { FinetuneConfig } from '../../config/finetune-config.ts';
import type { Overrides } from '../../config/merge-config.ts';
import { published } from './defaults.ts';

/** Space-separated lists of 339 classes, one copy of each video. */
const common: Overrides<FinetuneConfig> = {
  data: { classes: 339, separator: 'space' },
  augmentation: { repeats: 1 },
};

/**
 * UMT-B/16 on Moments in Time V1, from Kinetics-400 (`b16_ptk710_ftk710_ftk400_f8_res224`) with a new head: 8 frames of
 * 224 x 224, 512 videos per step at a peak learning rate of 2e-4, 40 epochs. Tested with 4 clips x 3 crops.
 *
 * Cost: 1.1 TFLOP per clip.
 * Result: the published weights have 44.6 % top-1.
 * @throws ConfigError when an override is not allowed
 */
export function b16_ptk710_ftk710_ftk400_ftmitv1_f8_res224(overrides: Overrides<FinetuneConfig> = {}): FinetuneConfig {
  const settings: Overrides<FinetuneConfig> = {
    ...common,
    optimizer: { learningRate: 1e-4 },
    schedule: { epochs: 40, warmupEpochs: 5 },
    batch: { size: 32 },
  };
  return published('b16_ptk710_ftk710_ftk400_ftmitv1_f8_res224', 'B', settings, overrides);
}

/**
 * UMT-L/16 on Moments in Time V1, from Kinetics-400 (`l16_ptk710_ftk710_ftk400_f8_res224`): as B/16, 20 epochs, the first 12
 * blocks recomputed.
 *
 * Cost: 3.6 TFLOP per clip.
 * Result: the published weights have 48.0 % top-1.
 * @throws ConfigError when an override is not allowed
 */
export function l16_ptk710_ftk710_ftk400_ftmitv1_f8_res224(overrides: Overrides<FinetuneConfig> = {}): FinetuneConfig {
  const settings: Overrides<FinetuneConfig> = {
    ...common,
    model: { recomputedBlocks: 12 },
    optimizer: { learningRate: 1e-4 },
    schedule: { epochs: 20, warmupEpochs: 5 },
    batch: { size: 32 },
  };
  return published('l16_ptk710_ftk710_ftk400_ftmitv1_f8_res224', 'L', settings, overrides);
}

/**
 * UMT-B/16 on Moments in Time V1 at 384 x 384, as its script from Kinetics-400 at 224 (its place suggests that the weights of
 * Moments in Time at 224 were meant): 256 videos per step at a peak of 1e-5, 4 epochs, weight decay 0.1, the first 8 blocks recomputed.
 *
 * Cost: 5 TFLOP per clip.
 * Result: the published weights have 45.5 % top-1.
 * @throws ConfigError when an override is not allowed
 */
export function b16_ptk710_ftk710_ftk400_ftmitv1_f8_res384(overrides: Overrides<FinetuneConfig> = {}): FinetuneConfig {
  const settings: Overrides<FinetuneConfig> = {
    ...common,
    video: { size: 384 },
    model: { recomputedBlocks: 8 },
    optimizer: { learningRate: 1e-5, weightDecay: 0.1 },
    schedule: { epochs: 4, warmupEpochs: 1 },
  };
  return published('b16_ptk710_ftk710_ftk400_ftmitv1_f8_res384', 'B', settings, overrides);
}

/**
 * UMT-L/16 on Moments in Time V1 at 384 x 384, as B/16 at 384: 128 videos per step at a peak of 5e-6, 4 epochs, the first 18 blocks
 * recomputed. Tested with 6 clips x 3 crops.
 *
 * Cost: 15 TFLOP per clip.
 * Result: the published weights have 48.7 % top-1.
 * @throws ConfigError when an override is not allowed
 */
export function l16_ptk710_ftk710_ftk400_ftmitv1_f8_res384(overrides: Overrides<FinetuneConfig> = {}): FinetuneConfig {
  const settings: Overrides<FinetuneConfig> = {
    ...common,
    video: { size: 384 },
    model: { recomputedBlocks: 18 },
    optimizer: { learningRate: 1e-5, weightDecay: 0.1 },
    schedule: { epochs: 4, warmupEpochs: 1 },
    batch: { size: 8 },
    evaluation: { clips: 6 },
  };
  return published('l16_ptk710_ftk710_ftk400_ftmitv1_f8_res384', 'L', settings, overrides);
}
