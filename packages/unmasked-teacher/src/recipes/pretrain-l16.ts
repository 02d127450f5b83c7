import type { Overrides } from '../config/merge-config.ts';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import { fromDefaults } from './defaults.ts';

/**
 * Stage-1 pre-training of UMT-L/16 by CLIP L/14, as published (`l16_ptk710_f8_res224`): as B/16, with frames resized from
 * 224 to 196 for the teacher so that its 14-pixel patches make the student's grid of 14 x 14, and drop path 0.2.
 *
 * Needs the visual tower of CLIP L/14 (`teacher.weights`, any checkpoint) and `data.path`.
 *
 * Cost: about 1.5 TFLOP per clip, 3.5 times B/16; 2e20 FLOP for all of Kinetics-710. The published run used 32 GPUs.
 * Result: the published weights reach 90.3 % top-1 on Kinetics-400 after fine-tuning (K710, then K400; 8 frames).
 * @throws ConfigError when an override is not allowed
 */
export function pretrainL16(overrides: Overrides<PretrainConfig> = {}): PretrainConfig {
  const recipe = {
    recipe: 'L/16',
    output: 'runs/pretrain-l16',
    student: { width: 1024, depth: 24, heads: 16, patchSize: 16, dropPath: 0.2 },
    teacher: { width: 1024, depth: 24, heads: 16, patchSize: 14, inputSize: 196, outputWidth: 768 },
  };
  return fromDefaults(recipe, overrides);
}
