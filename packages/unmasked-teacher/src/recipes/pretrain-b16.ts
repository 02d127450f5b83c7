import type { Overrides } from '../config/merge-config.ts';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import { fromDefaults } from './defaults.ts';

/**
 * Stage-1 pre-training of UMT-B/16 by CLIP B/16, as published (`b16_ptk710_f8_res224`): 8 frames of 224 x 224, 80 % of the
 * tokens dropped by the teacher's attention, the last 6 layers aligned, 2048 clips per step at a peak learning rate of
 * 1.2e-3, 201 epochs (the published "200"; the odd one shapes the cosine).
 *
 * Needs the visual tower of CLIP B/16 (`teacher.weights`, any checkpoint) and `data.path`.
 *
 * Cost: about 0.45 TFLOP per clip, a third of it for the student. All of Kinetics-710 (some 650,000 videos) takes about
 * 6e19 FLOP: the published run used 32 GPUs. On a CPU it is a way to try the real thing for some steps; set `batch.size`
 * to what fits and `batch.accumulation` so that their product stays 2048.
 * Result: the published weights reach 87.4 % top-1 on Kinetics-400 after fine-tuning (K710, then K400).
 * @throws ConfigError when an override is not allowed
 */
export function pretrainB16(overrides: Overrides<PretrainConfig> = {}): PretrainConfig {
  const recipe = {
    recipe: 'B/16',
    output: 'runs/pretrain-b16',
    student: { width: 768, depth: 12, heads: 12, patchSize: 16, dropPath: 0.1 },
    teacher: { width: 768, depth: 12, heads: 12, patchSize: 16, inputSize: 224, outputWidth: 512 },
  };
  return fromDefaults(recipe, overrides);
}
