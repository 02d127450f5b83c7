import type * as z from 'zod';
import type { Recipes } from '../recipes/find-recipe.ts';

/** All that is known of one command's configurations. */
export interface ConfigFamily<Config> {
  readonly schema: z.ZodObject;
  readonly recipes: Recipes<Config>;
  /** Checks a value; throws ConfigError. */
  readonly parse: (value: unknown, source?: string) => Config;
  /** Short flags for fields that are set often, by the field's dotted name. */
  readonly shortFlags: Readonly<Record<string, string>>;
}
