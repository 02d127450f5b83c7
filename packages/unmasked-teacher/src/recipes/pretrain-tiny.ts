import type { Overrides } from '../config/merge-config.ts';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import { fromDefaults } from './defaults.ts';

/**
 * Stage 1 in small, for a first look and for tests: a student 192 wide with 6 layers, 8 frames of 96 x 96, 80 % of the
 * tokens dropped, a teacher of the same size. With `teacher.weights` left at null the teacher is randomly initialised:
 * all of the method runs, but what the student learns is that teacher's, not CLIP's.
 *
 * Cost: 30 passes of 8 clips from each video; with the twelve sample clips 240 steps of 8 clips, under two minutes on two CPU
 * cores with onnxruntime-node.
 * Result there: loss 0.33 on clips of four held-out videos, where a guess that sees no pixel has 0.88.
 * @throws ConfigError when an override is not allowed
 */
export function pretrainTiny(overrides: Overrides<PretrainConfig> = {}): PretrainConfig {
  const recipe = {
    recipe: 'tiny',
    output: 'runs/pretrain-tiny',
    video: { size: 96 },
    student: { width: 192, depth: 6, heads: 3, patchSize: 16, dropPath: 0 },
    teacher: { width: 192, depth: 6, heads: 3, patchSize: 16, inputSize: 96, outputWidth: 192 },
    alignment: { layers: 3 },
    optimizer: { learningRate: 3.2e-2, minLearningRate: 3.2e-4 },
    schedule: { epochs: 30, warmupEpochs: 2.5 },
    batch: { size: 8, accumulation: 1 },
    data: { clipsPerVideo: 8, heldOut: 4, workers: 0, cacheMegabytes: 400 },
    checkpoint: { everySteps: 80, keep: 2 },
    report: { evaluateEverySteps: 40 },
  };
  return fromDefaults(recipe, overrides);
}
