import type { PretrainConfig } from '../config/pretrain-config.ts';
import { findRecipe, type Recipe, type Recipes } from './find-recipe.ts';
import { pretrainB16 } from './pretrain-b16.ts';
import { pretrainL16 } from './pretrain-l16.ts';
import { pretrainTiny } from './pretrain-tiny.ts';

/** A pre-training recipe. */
export type PretrainRecipe = Recipe<PretrainConfig>;

/** The pre-training recipes by name. */
export const pretrainRecipes: Recipes<PretrainConfig> = new Map([
  ['B/16', pretrainB16],
  ['L/16', pretrainL16],
  ['tiny', pretrainTiny],
]);

/**
 * The pre-training recipe of a name; `B/16`, `b/16` and `b16` are one.
 * @throws ConfigError with the nearest name, or all names where nothing is near
 */
export function pretrainRecipe(name: string): PretrainRecipe {
  return findRecipe(pretrainRecipes, name);
}
