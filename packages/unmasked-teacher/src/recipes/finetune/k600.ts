import type { FinetuneConfig } from '../../config/finetune-config.ts';
import type { Overrides } from '../../config/merge-config.ts';
import { kineticsB8, kineticsL16, kineticsL8 } from './kinetics.ts';

const classes = 600;

/**
 * UMT-B/16 on Kinetics-600, from Kinetics-710 (`b16_ptk710_ftk710_f8_res224`): `from.headRows` names the JSON list of the 600 rows of its head (`label_mixto600.json` of the UniFormerV2 data release); without it the head is new. 8 frames of
 * 224 x 224, 512 clips per step at a peak learning rate of 4e-5, 5 epochs. Tested with 4 clips x 3 crops.
 *
 * Cost: 1.1 TFLOP per clip.
 * Result: the published weights have 87.8 % top-1.
 * @throws ConfigError when an override is not allowed
 */
export function b16_ptk710_ftk710_ftk600_f8_res224(overrides: Overrides<FinetuneConfig> = {}): FinetuneConfig {
  return kineticsB8({ name: 'b16_ptk710_ftk710_ftk600_f8_res224', classes }, overrides);
}

/**
 * UMT-L/16 on Kinetics-600, from Kinetics-710 (`l16_ptk710_ftk710_f8_res224`): as B/16 at a peak of 2e-5, the first 12 blocks
 * recomputed.
 *
 * Cost: 3.6 TFLOP per clip.
 * Result: the published weights have 90.4 % top-1.
 * @throws ConfigError when an override is not allowed
 */
export function l16_ptk710_ftk710_ftk600_f8_res224(overrides: Overrides<FinetuneConfig> = {}): FinetuneConfig {
  return kineticsL8({ name: 'l16_ptk710_ftk710_ftk600_f8_res224', classes }, overrides);
}

/**
 * UMT-L/16 on Kinetics-600 with 16 frames, from Kinetics-710 with 8 (`l16_ptk710_ftk710_f8_res224`): positions interpolated in time,
 * 256 clips per step at a peak of 1e-5, the first 16 blocks recomputed. Its script tests with 4 clips x 1 crop; the published
 * number is of 4 x 3.
 *
 * Cost: 8.6 TFLOP per clip.
 * Result: the published weights have 90.5 % top-1.
 * @throws ConfigError when an override is not allowed
 */
export function l16_ptk710_ftk710_ftk600_f16_res224(overrides: Overrides<FinetuneConfig> = {}): FinetuneConfig {
  return kineticsL16({ name: 'l16_ptk710_ftk710_ftk600_f16_res224', classes }, overrides);
}
