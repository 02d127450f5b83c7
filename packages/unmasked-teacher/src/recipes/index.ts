import { ConfigError } from '../config/config-error.ts';
import type { Overrides } from '../config/merge-config.ts';
import { nearestName } from '../config/nearest.ts';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import { pretrainB16 } from './pretrain-b16.ts';
import { pretrainL16 } from './pretrain-l16.ts';
import { pretrainTiny } from './pretrain-tiny.ts';

/** A function that returns a checked configuration, with some of its fields set otherwise. */
export type PretrainRecipe = (overrides?: Overrides<PretrainConfig>) => PretrainConfig;

/** The pre-training recipes by name. */
export const pretrainRecipes: ReadonlyMap<string, PretrainRecipe> = new Map([
  ['B/16', pretrainB16],
  ['L/16', pretrainL16],
  ['tiny', pretrainTiny],
]);

/**
 * The recipe of a name; `B/16`, `b/16` and `b16` are one.
 * @throws ConfigError with the nearest name, or all names where nothing is near
 */
export function pretrainRecipe(name: string): PretrainRecipe {
  for (const [known, recipe] of pretrainRecipes) {
    if (plain(known) === plain(name)) return recipe;
  }
  const names = [...pretrainRecipes.keys()];
  const nearest = nearestName(name, names);
  const answer = nearest === undefined ? `there is ${names.join(', ')}` : `did you mean ${nearest}?`;
  throw new ConfigError(`no recipe is called ${name}; ${answer}`);
}

function plain(name: string): string {
  return name.toLowerCase().replace('/', '');
}
