import * as z from 'zod';
import { meaningOf, type FieldMeaning } from './field.ts';

/** What can be typed for a field on a command line. */
export type FieldKind = 'number' | 'boolean' | 'text' | 'choice' | 'numbers';

/** One settable value of a configuration. */
export interface Field extends FieldMeaning {
  /** Where it stands, e.g. `['optimizer', 'learningRate']`. */
  readonly path: readonly string[];
  readonly kind: FieldKind;
  /** True where `null` is a value. */
  readonly isNullable: boolean;
  /** The words of a choice, else none. */
  readonly words: readonly string[];
}

/** Every field of a configuration, in the schema's order. */
export function fieldsOf(schema: z.ZodObject, path: readonly string[] = []): readonly Field[] {
  return Object.entries(schema.shape).flatMap(([key, child]) => {
    const at = [...path, key];
    if (child instanceof z.ZodObject) return fieldsOf(child, at);
    if (!(child instanceof z.ZodType)) throw new Error(`${at.join('.')} is no classic zod schema`);
    return [fieldOf(child, at)];
  });
}

function fieldOf(schema: z.ZodType, path: readonly string[]): Field {
  const isNullable = schema instanceof z.ZodNullable;
  const inner: unknown = isNullable ? schema.unwrap() : schema;
  const words = inner instanceof z.ZodEnum ? inner.options.map(String) : [];
  return { ...meaningOf(schema), path, kind: kindOf(inner, path), isNullable, words };
}

function kindOf(schema: unknown, path: readonly string[]): FieldKind {
  if (schema instanceof z.ZodNumber) return 'number';
  if (schema instanceof z.ZodBoolean) return 'boolean';
  if (schema instanceof z.ZodString) return 'text';
  if (schema instanceof z.ZodEnum) return 'choice';
  if (schema instanceof z.ZodTuple) return 'numbers';
  throw new Error(`${path.join('.')} has a kind of value that no command line can type`);
}
