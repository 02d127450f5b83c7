import type { Overrides } from '../src/config/merge-config.ts';
import type { FinetuneConfig } from '../src/config/finetune-config.ts';
import { CLIPS } from './small.ts';

/** What makes the tiny fine-tuning recipe small enough that a step takes milliseconds. */
export const SMALL_FINETUNE = {
  video: { frames: 2, size: 16, sampling: 'sparse' },
  model: { width: 24, depth: 2, heads: 3, patchSize: 8, tubelet: 1, dropPath: 0.2 },
  optimizer: { learningRate: 0.2, minLearningRate: 0.002 },
  batch: { size: 3 },
  schedule: { epochs: 4, warmupEpochs: 1 },
  evaluation: { everyEpochs: 1 },
  report: { clips: 2 },
  checkpoint: { everySteps: 3, keep: 10 },
} satisfies Overrides<FinetuneConfig>;

/** Three scenes as classes: two videos of each to learn from, and one to be measured by. */
export const SCENES = ['box', 'street', 'tree'];
export const SCENE_VIDEOS = ['box-1', 'box-2', 'street-1', 'street-2', 'tree-1', 'tree-2'].map((name) => ({
  path: `${CLIPS}/${name}.mp4`,
  label: SCENES.indexOf(name.split('-')[0] ?? ''),
}));
export const SCENE_TESTS = ['box-3', 'street-3', 'street-4'].map((name) => ({
  path: `${CLIPS}/${name}.mp4`,
  label: SCENES.indexOf(name.split('-')[0] ?? ''),
}));
