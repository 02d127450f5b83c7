import type { FinetuneConfig } from '../../config/finetune-config.ts';
import type { Overrides } from '../../config/merge-config.ts';
import { published } from './defaults.ts';

/**
 * UMT-B/16 on Kinetics-710, from its pre-training (`b16_ptk710_f8_res224`): 8 frames of 224 x 224, 710 classes, 256 videos
 * of 2 copies per step (published: 16 GPUs of 16), peak learning rate 4e-4, 35 epochs. Tested with 4 clips x 3 crops.
 *
 * Cost: 1.1 TFLOP per clip; 5e19 FLOP for all of it.
 * Result: the published weights have 81.9 % top-1.
 * @throws ConfigError when an override is not allowed
 */
export function b16_ptk710_ftk710_f8_res224(overrides: Overrides<FinetuneConfig> = {}): FinetuneConfig {
  const settings = {
    data: { classes: 710 },
    optimizer: { learningRate: 2e-4 },
    schedule: { epochs: 35, warmupEpochs: 2 },
  };
  return published('b16_ptk710_ftk710_f8_res224', 'B', settings, overrides);
}

/**
 * UMT-L/16 on Kinetics-710, from its pre-training (`l16_ptk710_f8_res224`): as B/16 at a peak of 2e-4, 20 epochs, the first
 * 12 blocks recomputed.
 *
 * Cost: 3.6 TFLOP per clip; 1e20 FLOP for all of it.
 * Result: the published weights have 86.0 % top-1.
 * @throws ConfigError when an override is not allowed
 */
export function l16_ptk710_ftk710_f8_res224(overrides: Overrides<FinetuneConfig> = {}): FinetuneConfig {
  const settings = {
    model: { recomputedBlocks: 12 },
    data: { classes: 710 },
    optimizer: { learningRate: 1e-4 },
    schedule: { epochs: 20, warmupEpochs: 2 },
  };
  return published('l16_ptk710_ftk710_f8_res224', 'L', settings, overrides);
}
