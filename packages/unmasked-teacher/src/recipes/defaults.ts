import { mergeConfig, type Overrides } from '../config/merge-config.ts';
import { parsePretrainConfig, type PretrainConfig } from '../config/pretrain-config.ts';

/** What the published pre-training recipes have in common (UMT section 4.1; values of the released scripts). */
const defaults: Overrides<PretrainConfig> = {
  device: 'auto',
  seed: 0,
  resume: true,
  video: { frames: 8, size: 224, sampling: 'sparse', stride: 1, flip: true, colorJitter: 0, repeats: 1 },
  student: { tubelet: 1, mlpRatio: 4, layerScale: 0, precision: 'float32' },
  teacher: { weights: null, precision: 'float32' },
  alignment: {
    layers: 6,
    studentInterval: 1,
    teacherInterval: 1,
    head: 'linear',
    normalize: 'l2',
    loss: 'l2',
    weight: 1,
  },
  mask: { kind: 'attention', ratio: 0.8 },
  optimizer: {
    learningRate: 1.5e-4,
    minLearningRate: 1e-5,
    betas: [0.9, 0.95],
    epsilon: 1e-8,
    weightDecay: 0.05,
    clipNorm: null,
  },
  schedule: { epochs: 201, warmupEpochs: 40, warmupSteps: 0, maxSteps: null },
  batch: { size: 64, accumulation: 32 },
  data: {
    path: null,
    prefix: null,
    separator: 'comma',
    clipsPerVideo: 1,
    heldOut: 0,
    workers: 12,
    cacheMegabytes: 0,
    maxUnreadableShare: 0.01,
  },
  checkpoint: { everySteps: null, keep: 1, keepBest: 0, keepEverySteps: null, keepEveryEpochs: null },
  divergence: { skippedSteps: 5, rollBacks: 3 },
  report: { evaluateEverySteps: null, clips: 3 },
};

/**
 * A recipe: what it sets over the common values, and what its caller sets over it.
 * @throws ConfigError when the whole is not allowed
 */
export function fromDefaults(recipe: Overrides<PretrainConfig>, overrides: Overrides<PretrainConfig>): PretrainConfig {
  return parsePretrainConfig(mergeConfig(mergeConfig(defaults, recipe), overrides));
}
