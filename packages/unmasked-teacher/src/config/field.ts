import * as z from 'zod';

/** What a field says of itself: in `--help`, and in the error when its value is not allowed. */
export interface FieldMeaning {
  /** What the field does, with its unit. */
  readonly about: string;
  /** What it may be, in words that follow "must be", e.g. `a number above 0`. */
  readonly allowed: string;
}

/** The meaning of every field of every configuration. */
const meanings = z.registry<FieldMeaning>();

/** Any finite number from `minimum` on. */
export function number(about: string, minimum = 0) {
  return describe(z.number().min(minimum), about, `a number from ${minimum} on`);
}

/** A number above 0. */
export function positiveNumber(about: string) {
  return describe(z.number().positive(), about, 'a number above 0');
}

/** A number from 0 to below 1. */
export function fraction(about: string) {
  return describe(z.number().min(0).lt(1), about, 'a number from 0 to below 1');
}

/** A number from 0 to 1. */
export function probability(about: string) {
  return describe(z.number().min(0).max(1), about, 'a number from 0 to 1');
}

/** A whole number from `minimum` on. */
export function wholeNumber(about: string, minimum: number) {
  return describe(z.number().int().min(minimum), about, `a whole number from ${minimum} on`);
}

/** True or false. */
export function flag(about: string) {
  return describe(z.boolean(), about, 'true or false');
}

/** Text of at least one letter. */
export function text(about: string, allowed = 'text') {
  return describe(z.string().min(1), about, allowed);
}

/** One of a few words. */
export function choice<const Words extends readonly string[]>(about: string, words: Words) {
  return describe(z.enum(words), about, `one of ${words.join(', ')}`);
}

/** Two numbers from 0 to below 1. */
export function fractionPair(about: string) {
  const one = z.number().min(0).lt(1);
  return describe(z.tuple([one, one]), about, 'two numbers from 0 to below 1');
}

/** Two numbers above 0, the first not above the second. */
export function range(about: string) {
  const one = z.number().positive();
  const pair = z.tuple([one, one]).refine(([least, most]) => least <= most, 'must have the smaller number first');
  return describe(pair, about, 'two numbers above 0, the smaller first');
}

/** The field, or null, which means what `none` says. */
export function orNull<Schema extends z.ZodType>(schema: Schema, none: string) {
  const { about, allowed } = meaningOf(schema);
  return describe(z.nullable(schema), about, `${allowed}, or null (${none})`);
}

/** What a field said of itself. Throws for a schema that was not made here: every field says what it allows. */
export function meaningOf(schema: z.ZodType): FieldMeaning {
  const meaning = meanings.get(schema);
  if (meaning === undefined)
    throw new Error('a configuration field without a meaning: make it with the makers of field.ts');
  return meaning;
}

function describe<Schema extends z.ZodType>(schema: Schema, about: string, allowed: string): Schema {
  meanings.add(schema, { about, allowed });
  return schema;
}
