import type { FinetuneConfig } from '../../config/finetune-config.ts';
import type { Overrides } from '../../config/merge-config.ts';
import { published } from './defaults.ts';

/** Space-separated lists of 174 classes that tell left from right, so that nothing is mirrored; tested with 2 clips x 3 crops. */
const common: Overrides<FinetuneConfig> = {
  video: { sampling: 'segments' },
  data: { classes: 174, separator: 'space' },
  augmentation: { flip: false },
  evaluation: { clips: 2 },
};

/**
 * UMT-B/16 on Something-Something V2, from its pre-training (`b16_ptk710_f8_res224`): 8 frames of 224 x 224, 256 videos of 2
 * copies per step at a peak learning rate of 4e-4, 30 epochs.
 *
 * Cost: 1.1 TFLOP per clip.
 * Result: the published weights have 70.8 % top-1.
 * @throws ConfigError when an override is not allowed
 */
export function b16_ptk710_ftssv2_f8_res224(overrides: Overrides<FinetuneConfig> = {}): FinetuneConfig {
  const settings: Overrides<FinetuneConfig> = {
    ...common,
    optimizer: { learningRate: 2e-4 },
    schedule: { epochs: 30, warmupEpochs: 5 },
  };
  return published('b16_ptk710_ftssv2_f8_res224', 'B', settings, overrides);
}

/**
 * UMT-L/16 on Something-Something V2, from its pre-training (`l16_ptk710_f8_res224`): as B/16 at a peak of 8e-4, 14 epochs, the
 * first 12 blocks recomputed.
 *
 * Cost: 3.6 TFLOP per clip.
 * Result: the published weights have 74.7 % top-1.
 * @throws ConfigError when an override is not allowed
 */
export function l16_ptk710_ftssv2_f8_res224(overrides: Overrides<FinetuneConfig> = {}): FinetuneConfig {
  const settings: Overrides<FinetuneConfig> = {
    ...common,
    model: { recomputedBlocks: 12 },
    optimizer: { learningRate: 4e-4 },
    schedule: { epochs: 14, warmupEpochs: 4 },
  };
  return published('l16_ptk710_ftssv2_f8_res224', 'L', settings, overrides);
}
