import type { FinetuneConfig } from '../../config/finetune-config.ts';
import type { Overrides } from '../../config/merge-config.ts';
import { published } from './defaults.ts';

/** What Kinetics-400, -600 and -700 have in common: five epochs from a classifier of Kinetics-710, whose head is kept. */
export interface KineticsRecipe {
  readonly name: string;
  readonly classes: 400 | 600 | 700;
}

/** B/16, 8 frames: 256 videos of 2 copies per step at a peak of 4e-5. */
export function kineticsB8({ name, classes }: KineticsRecipe, overrides: Overrides<FinetuneConfig>): FinetuneConfig {
  const settings = { data: { classes }, optimizer: { learningRate: 2e-5 }, schedule: { epochs: 5, warmupEpochs: 1 } };
  return published(name, 'B', settings, overrides);
}

/** L/16, 8 frames: as B/16 at a peak of 2e-5, the first 12 blocks recomputed. */
export function kineticsL8({ name, classes }: KineticsRecipe, overrides: Overrides<FinetuneConfig>): FinetuneConfig {
  const settings = {
    model: { recomputedBlocks: 12 },
    data: { classes },
    optimizer: { learningRate: 1e-5 },
    schedule: { epochs: 5, warmupEpochs: 1 },
  };
  return published(name, 'L', settings, overrides);
}

/** L/16, 16 frames: 128 videos of 2 copies per step at a peak of 1e-5, the first 16 blocks recomputed, tested with 4 x 1 views. */
export function kineticsL16({ name, classes }: KineticsRecipe, overrides: Overrides<FinetuneConfig>): FinetuneConfig {
  const settings = {
    video: { frames: 16 },
    model: { recomputedBlocks: 16 },
    data: { classes },
    optimizer: { learningRate: 1e-5 },
    schedule: { epochs: 5, warmupEpochs: 1 },
    batch: { size: 8 },
    evaluation: { crops: 1 },
  };
  return published(name, 'L', settings, overrides);
}
