import type { FinetuneConfig } from '../../config/finetune-config.ts';
import { findRecipe, type Recipe, type Recipes } from '../find-recipe.ts';
import {
  b16_ptk710_ftk710_ftk400_f8_res224,
  l16_ptk710_ftk710_ftk400_f16_res224,
  l16_ptk710_ftk710_ftk400_f8_res224,
} from './k400.ts';
import {
  b16_ptk710_ftk710_ftk600_f8_res224,
  l16_ptk710_ftk710_ftk600_f16_res224,
  l16_ptk710_ftk710_ftk600_f8_res224,
} from './k600.ts';
import {
  b16_ptk710_ftk710_ftk700_f8_res224,
  l16_ptk710_ftk710_ftk700_f16_res224,
  l16_ptk710_ftk710_ftk700_f8_res224,
} from './k700.ts';
import { b16_ptk710_ftk710_f8_res224, l16_ptk710_ftk710_f8_res224 } from './k710.ts';
import {
  b16_ptk710_ftk710_ftk400_ftmitv1_f8_res224,
  b16_ptk710_ftk710_ftk400_ftmitv1_f8_res384,
  l16_ptk710_ftk710_ftk400_ftmitv1_f8_res224,
  l16_ptk710_ftk710_ftk400_ftmitv1_f8_res384,
} from './moments-in-time.ts';
import { b16_ptk710_ftssv2_f8_res224, l16_ptk710_ftssv2_f8_res224 } from './something-something.ts';
import { finetuneTiny } from './tiny.ts';

/** A fine-tuning recipe. */
export type FinetuneRecipe = Recipe<FinetuneConfig>;

/** The fine-tuning recipes by name: `tiny`, and the 17 published ones under the names of their scripts. */
export const finetuneRecipes: Recipes<FinetuneConfig> = new Map([
  ['tiny', finetuneTiny],
  ...Object.entries({
    b16_ptk710_ftk710_f8_res224,
    l16_ptk710_ftk710_f8_res224,
    b16_ptk710_ftk710_ftk400_f8_res224,
    l16_ptk710_ftk710_ftk400_f8_res224,
    l16_ptk710_ftk710_ftk400_f16_res224,
    b16_ptk710_ftk710_ftk600_f8_res224,
    l16_ptk710_ftk710_ftk600_f8_res224,
    l16_ptk710_ftk710_ftk600_f16_res224,
    b16_ptk710_ftk710_ftk700_f8_res224,
    l16_ptk710_ftk710_ftk700_f8_res224,
    l16_ptk710_ftk710_ftk700_f16_res224,
    b16_ptk710_ftk710_ftk400_ftmitv1_f8_res224,
    l16_ptk710_ftk710_ftk400_ftmitv1_f8_res224,
    b16_ptk710_ftk710_ftk400_ftmitv1_f8_res384,
    l16_ptk710_ftk710_ftk400_ftmitv1_f8_res384,
    b16_ptk710_ftssv2_f8_res224,
    l16_ptk710_ftssv2_f8_res224,
  }),
]);

/**
 * The fine-tuning recipe of a name.
 * @throws ConfigError with the nearest name, or all names where nothing is near
 */
export function finetuneRecipe(name: string): FinetuneRecipe {
  return findRecipe(finetuneRecipes, name);
}
