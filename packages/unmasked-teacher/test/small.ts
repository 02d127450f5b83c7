import { fileURLToPath } from 'node:url';
import type { Overrides } from '../src/config/merge-config.ts';
import type { PretrainConfig } from '../src/config/pretrain-config.ts';

/** The repository's root. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Twelve short real videos. */
export const CLIPS = `${ROOT}assets/clips`;

/** What makes the tiny recipe small enough that a step takes milliseconds. */
export const SMALL = {
  video: { frames: 2, size: 32 },
  student: { width: 24, depth: 3, heads: 3, patchSize: 8, dropPath: 0.2 },
  teacher: { width: 24, depth: 3, heads: 3, patchSize: 8, inputSize: 32, outputWidth: 16 },
  alignment: { layers: 2 },
  batch: { size: 4 },
  data: { clipsPerVideo: 4, heldOut: 2 },
  schedule: { epochs: 4, warmupEpochs: 1 },
  report: { evaluateEverySteps: 4, clips: 2 },
  checkpoint: { everySteps: 3, keep: 10 },
} satisfies Overrides<PretrainConfig>;
