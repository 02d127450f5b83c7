import { Option } from 'commander';
import type { ConfigFamily } from '../../config/config-family.ts';
import { fieldsOf, type Field } from '../../config/fields.ts';
import { mergeConfig, overrideAt } from '../../config/merge-config.ts';

type Family = Pick<ConfigFamily<unknown>, 'schema' | 'shortFlags'>;

/** All fields but the recipe's name, which is what a configuration starts from. */
function settableFields(schema: Family['schema']): readonly Field[] {
  return fieldsOf(schema).filter(({ path }) => path[0] !== 'recipe');
}

/**
 * Flags for every field: `--optimizer.learning-rate <number>`; true and false are `--video.flip` and `--no-video.flip`.
 * Short ones come first.
 */
export function fieldOptions({ schema, shortFlags }: Family): readonly Option[] {
  const fields = settableFields(schema);
  const shortOptions = Object.entries(shortFlags).flatMap(([name, short]) => {
    const field = fields.find(({ path }) => path.join('.') === name);
    if (!field) return [];
    const about = `${field.about} (short for --${flagOf(field.path)})`;
    return [new Option(`--${short} <${placeholder(field)}>`, about).helpGroup('Often set:')];
  });
  const longOptions = fields.flatMap((field) => {
    const name = flagOf(field.path);
    const about = field.isNullable ? `${field.about} (none: ${noneOf(field)})` : field.about;
    if (field.kind === 'boolean') {
      return [new Option(`--${name}`, about), new Option(`--no-${name}`, `not: ${about}`)].map(grouped(field));
    }
    return [new Option(`--${name} <${placeholder(field)}>`, about)].map(grouped(field));
  });
  return [...shortOptions, ...longOptions];
}

/** The configuration that parsed flags set: values as they were typed, to be checked with the rest. */
export function overridesFrom(
  { schema, shortFlags }: Family,
  values: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  let overrides: Readonly<Record<string, unknown>> = {};
  for (const field of settableFields(schema)) {
    const short = shortFlags[field.path.join('.')];
    const typed = (short === undefined ? undefined : values[camelCase(short)]) ?? values[camelCase(flagOf(field.path))];
    if (typed !== undefined) overrides = mergeConfig(overrides, overrideAt(field.path, valueOf(field, typed)));
  }
  return overrides;
}

/** What was typed as the field's kind of value; what is no such value stays as it is, for the check to complain about. */
function valueOf(field: Field, typed: unknown): unknown {
  if (typeof typed !== 'string') return typed;
  if (field.isNullable && /^(none|null)$/i.test(typed)) return null;
  if (field.kind === 'number') return numberOr(typed);
  if (field.kind === 'numbers') return typed.split(',').map(numberOr);
  return typed;
}

function numberOr(typed: string): number | string {
  return typed.trim() === '' || Number.isNaN(Number(typed)) ? typed : Number(typed);
}

/** `['optimizer', 'learningRate']` is `optimizer.learning-rate`. */
function flagOf(path: readonly string[]): string {
  return path.join('.').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The name under which commander keeps a flag's value. */
function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

function grouped({ path }: Field): (option: Option) => Option {
  const group = path.length === 1 ? 'Run:' : `${path[0]?.replace(/^./, (letter) => letter.toUpperCase())}:`;
  return (option) => option.helpGroup(group);
}

function placeholder({ kind, words, allowed }: Field): string {
  if (kind === 'choice') return words.join('|');
  if (kind === 'numbers') return 'a,b';
  if (kind === 'number') return 'number';
  return /path|folder|file/.test(allowed) ? 'path' : 'name';
}

/** What `none` means, as the field itself says it in brackets. */
function noneOf({ allowed }: Field): string {
  return /null \((.*)\)$/.exec(allowed)?.[1] ?? 'not set';
}
