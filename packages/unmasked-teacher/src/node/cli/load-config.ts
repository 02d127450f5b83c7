import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '../../config/config-error.ts';
import type { ConfigFamily } from '../../config/config-family.ts';
import { mergeConfig } from '../../config/merge-config.ts';
import { findRecipe } from '../../recipes/find-recipe.ts';
import { readJson } from '../read-json.ts';

type Values = Readonly<Record<string, unknown>>;

/**
 * The configuration that a command line means: a recipe, or a file that may start from one by its `recipe` field, with
 * flags over it.
 *
 * @param family whose configuration it is
 * @param base name of a recipe, or path of a .json or .mjs file
 * @throws ConfigError one line with what is wrong in the file or the flags, or with the nearest recipe
 */
export async function loadConfig<Config extends Values>(
  family: ConfigFamily<Config>,
  base: string,
  flags: Values,
): Promise<Config> {
  if (!(await isFile(base))) return fromRecipe(family, base, flags);
  const { recipes, parse } = family;
  const values = await readValues(base);
  const recipe = values['recipe'];
  if (typeof recipe !== 'string') {
    const names = [...recipes.keys()].join(', ');
    throw new ConfigError(
      `${base}: recipe must name what to start from (${names}), not ${JSON.stringify(recipe) ?? 'be left out'}`,
      ['recipe'],
    );
  }
  const config = parse(mergeConfig(findRecipe(recipes, recipe)(), values), base);
  return parse(mergeConfig(config, flags));
}

function fromRecipe<Config extends Values>(
  { recipes, parse }: ConfigFamily<Config>,
  name: string,
  flags: Values,
): Config {
  if (/\.(json|mjs|js|ts|ya?ml|toml)$/i.test(name)) {
    throw new ConfigError(`${name}: there is no such file; a configuration is a .json or .mjs file`);
  }
  return parse(mergeConfig(findRecipe(recipes, name)(), flags));
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ?? false;
}

async function readValues(path: string): Promise<Values> {
  const values = /\.m?js$/i.test(path) ? await importDefault(path) : await readJson(path);
  if (typeof values === 'object' && values !== null && !Array.isArray(values)) return { ...values };
  throw new ConfigError(
    `${path}: a configuration is an object of fields, not ${JSON.stringify(values) ?? typeof values}`,
  );
}

/** The module's default export, or what it returns where it is a function. */
async function importDefault(path: string): Promise<unknown> {
  const module: Values = await import(pathToFileURL(resolve(path)).href);
  const exported = module['default'];
  if (exported === undefined) throw new ConfigError(`${path}: a configuration module has a default export`);
  return typeof exported === 'function' ? exported() : exported;
}
