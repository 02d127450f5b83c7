import type { FinetuneConfig } from '../../config/finetune-config.ts';
import type { Overrides } from '../../config/merge-config.ts';
import { fromCommon } from './defaults.ts';

/**
 * Fine-tuning in small, for CPUs: a classifier 128 wide with 3 blocks and tubelets of 4 frames, on 8 neighbouring frames (every second
 * one) of 48 x 48, from random weights unless `from.weights` is set. Nothing is mirrored or mixed, so that directions can be classes.
 *
 * Cost: 0.3 GFLOP per clip; with 3000 clips of 10 classes 3740 steps of 16 clips, seven minutes
 * of two CPU cores. Expected: 99 % of held-out clips of plain drawn shapes in ten motions; Sprite Actions are harder.
 * @throws ConfigError when an override is not allowed
 */
export function finetuneTiny(overrides: Overrides<FinetuneConfig> = {}): FinetuneConfig {
  const recipe: Overrides<FinetuneConfig> = {
    recipe: 'tiny',
    output: 'runs/finetune-tiny',
    video: { size: 48, sampling: 'dense', stride: 2 },
    model: { width: 128, depth: 3, heads: 4, patchSize: 8, tubelet: 4, dropPath: 0, headScale: 1 },
    augmentation: { randAugment: null, scale: [0.8, 1], ratio: [0.9, 1.11], flip: false, erasing: 0, repeats: 1 },
    mixing: { probability: 0 },
    optimizer: { learningRate: 1.44e-2, minLearningRate: 1.44e-4, layerDecay: 1 },
    schedule: { epochs: 20, warmupEpochs: 1, warmupLearningRate: 1.44e-4 },
    batch: { size: 16, accumulation: 1 },
    data: { separator: null, workers: 0, cacheMegabytes: 400 },
    evaluation: { everyEpochs: 4, clips: 1, crops: 1 },
    checkpoint: { keep: 2 },
  };
  return fromCommon(recipe, overrides);
}
