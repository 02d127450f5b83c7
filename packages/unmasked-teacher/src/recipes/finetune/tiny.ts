import type { FinetuneConfig } from '../../config/finetune-config.ts';
import type { Overrides } from '../../config/merge-config.ts';
import { fromCommon } from './defaults.ts';

/**
 * Fine-tuning in small, for CPUs: a classifier 96 wide with 3 blocks and tubelets of 2 frames on 8 frames of 32 x 32, from
 * random weights unless `from.weights` is set. Nothing is mirrored or mixed, so that directions can be classes.
 *
 * @throws ConfigError when an override is not allowed
 */
export function finetuneTiny(overrides: Overrides<FinetuneConfig> = {}): FinetuneConfig {
  const recipe: Overrides<FinetuneConfig> = {
    recipe: 'tiny',
    output: 'runs/finetune-tiny',
    video: { size: 32 },
    model: { width: 96, depth: 3, heads: 3, patchSize: 8, tubelet: 2, dropPath: 0, headScale: 1 },
    augmentation: { randAugment: null, scale: [0.6, 1], ratio: [0.9, 1.11], flip: false, erasing: 0, repeats: 1 },
    mixing: { probability: 0 },
    optimizer: { learningRate: 1.6e-2, minLearningRate: 1.6e-4, layerDecay: 1 },
    schedule: { epochs: 30, warmupEpochs: 3, warmupLearningRate: 1.6e-4 },
    batch: { size: 32, accumulation: 1 },
    data: { separator: null, workers: 0, cacheMegabytes: 400 },
    evaluation: { everyEpochs: 5, clips: 1, crops: 1 },
    checkpoint: { keep: 2 },
  };
  return fromCommon(recipe, overrides);
}
