import { parseFinetuneConfig, type FinetuneConfig } from '../../config/finetune-config.ts';
import { mergeConfig, type Overrides } from '../../config/merge-config.ts';

/** What the published fine-tuning recipes have in common (UMT section 4.1 and appendix; values of the released scripts). */
const common: Overrides<FinetuneConfig> = {
  device: 'auto',
  seed: 0,
  resume: true,
  method: 'full',
  video: { frames: 8, size: 224, sampling: 'sparse', stride: 1 },
  model: {
    patchSize: 16,
    tubelet: 1,
    mlpRatio: 4,
    pooling: 'mean',
    dropout: 0,
    layerScale: 0,
    headScale: 1e-3,
    recomputedBlocks: 0,
  },
  from: { weights: null, head: 'load', headRows: null },
  augmentation: {
    randAugment: 'rand-m7-n4-mstd0.5-inc1',
    scale: [0.08, 1],
    ratio: [3 / 4, 4 / 3],
    flip: true,
    erasing: 0.25,
    repeats: 2,
  },
  mixing: { mixup: 0.8, cutmix: 1, probability: 1, switchProbability: 0.5 },
  loss: { kind: 'cross-entropy', smoothing: 0.1, classWeights: 'none' },
  optimizer: { minLearningRate: 1e-6, betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.05, clipNorm: null },
  schedule: { warmupSteps: 0, warmupLearningRate: 1e-6, maxSteps: null },
  batch: { size: 16, accumulation: 16 },
  averaging: { decay: null },
  data: {
    path: null,
    validation: null,
    classes: null,
    prefix: null,
    separator: 'comma',
    workers: 10,
    cacheMegabytes: 0,
    maxUnreadableShare: 0.01,
  },
  evaluation: { everyEpochs: 1, clips: 4, crops: 3, shortSide: null },
  checkpoint: { everySteps: null, keep: 1, keepBest: 0, keepEverySteps: null, keepEveryEpochs: null },
  divergence: { skippedSteps: 5, rollBacks: 3 },
  report: { clips: 6 },
};

/** The two published sizes, with what goes with each in every recipe. */
const SIZES: Readonly<Record<'B' | 'L', Overrides<FinetuneConfig>>> = {
  B: { model: { width: 768, depth: 12, heads: 12, dropPath: 0.1 }, optimizer: { layerDecay: 0.75 } },
  L: { model: { width: 1024, depth: 24, heads: 16, dropPath: 0.2 }, optimizer: { layerDecay: 0.85 } },
};

/**
 * A recipe from what the published ones have in common, what it sets over that, and what its caller sets over both.
 * @throws ConfigError when the whole is not allowed
 */
export function fromCommon(recipe: Overrides<FinetuneConfig>, overrides: Overrides<FinetuneConfig>): FinetuneConfig {
  return parseFinetuneConfig(mergeConfig(mergeConfig(common, recipe), overrides));
}

/**
 * A published recipe: its script's name, its size, and what else it sets.
 * @throws ConfigError when the whole is not allowed
 */
export function published(
  name: string,
  size: 'B' | 'L',
  settings: Overrides<FinetuneConfig>,
  overrides: Overrides<FinetuneConfig>,
): FinetuneConfig {
  const named = { recipe: name, output: `runs/${name}` };
  return fromCommon(mergeConfig(mergeConfig(SIZES[size], named), settings), overrides);
}
