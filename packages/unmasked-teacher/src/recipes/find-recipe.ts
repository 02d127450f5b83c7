import { ConfigError } from '../config/config-error.ts';
import type { Overrides } from '../config/merge-config.ts';
import { nearestName } from '../config/nearest.ts';

/** A function that returns a checked configuration, with some of its fields set otherwise. */
export type Recipe<Config> = (overrides?: Overrides<Config>) => Config;

/** Recipes by name. */
export type Recipes<Config> = ReadonlyMap<string, Recipe<Config>>;

/**
 * The recipe of a name; `B/16`, `b/16` and `b16` are one.
 * @throws ConfigError with the nearest name, or all names where nothing is near
 */
export function findRecipe<Config>(recipes: Recipes<Config>, name: string): Recipe<Config> {
  for (const [known, recipe] of recipes) {
    if (plain(known) === plain(name)) return recipe;
  }
  const names = [...recipes.keys()];
  const nearest = nearestName(name, names);
  const answer = nearest === undefined ? `there is ${names.join(', ')}` : `did you mean ${nearest}?`;
  throw new ConfigError(`no recipe is called ${name}; ${answer}`);
}

function plain(name: string): string {
  return name.toLowerCase().replace('/', '');
}
