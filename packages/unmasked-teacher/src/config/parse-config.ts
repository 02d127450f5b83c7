import * as z from 'zod';
import { ConfigError } from './config-error.ts';
import { meaningOf } from './field.ts';
import { fieldsOf } from './fields.ts';
import { suggestion } from './nearest.ts';

/**
 * Checks a value against a configuration's schema.
 * @param source where the value came from, in words for the message, e.g. `my.json`
 * @returns the typed configuration
 * @throws ConfigError one line with every wrong field, what it allows, what came, and the nearest name for an unknown one
 */
export function parseConfig<Schema extends z.ZodObject>(
  schema: Schema,
  value: unknown,
  source?: string,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const complaints = result.error.issues.flatMap((issue) => complaintsOf(schema, issue, value));
  throw new ConfigError(
    `${source === undefined ? '' : `${source}: `}${complaints.map(({ message }) => message).join('; ')}`,
    complaints.map(({ field }) => field),
  );
}

interface Complaint {
  readonly field: string;
  readonly message: string;
}

function complaintsOf(schema: z.ZodObject, issue: z.core.$ZodIssue, value: unknown): readonly Complaint[] {
  const at = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(schema, [...at, key]));
  const isField = (_key: string, i: number) => schemaAt(schema, at.slice(0, i)) instanceof z.ZodObject;
  const field = at.filter(isField).join('.');
  if (issue.code === 'custom') return [{ field, message: `${field} ${issue.message}` }];
  return [
    {
      field,
      message: `${field || 'a configuration'} must be ${allowedAt(schema, at)}, not ${show(valueAt(value, at))}`,
    },
  ];
}

function unknownField(schema: z.ZodObject, path: readonly string[]): Complaint {
  const field = path.join('.');
  const fields = fieldsOf(schema).map((one) => one.path.join('.'));
  const known = [...new Set([...Object.keys(schema.shape), ...fields])];
  return { field, message: `${field} is not a field; ${suggestion(field, known)}` };
}

/** Walks to the schema of a path, through the schema of a nullable and of a tuple's element up to its own field. */
function schemaAt(schema: z.ZodType, path: readonly string[]): z.ZodType | undefined {
  let found: z.ZodType = schema;
  for (const key of path) {
    if (!(found instanceof z.ZodObject)) return found;
    const next: unknown = found.shape[key];
    if (!(next instanceof z.ZodType)) return undefined;
    found = next;
  }
  return found;
}

function allowedAt(schema: z.ZodObject, path: readonly string[]): string {
  const found = schemaAt(schema, path);
  if (found instanceof z.ZodObject) return `an object with ${Object.keys(found.shape).join(', ')}`;
  return found === undefined ? 'left out' : meaningOf(found).allowed;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let found: unknown = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = Object.entries(found).find(([name]) => name === key)?.[1];
  }
  return found;
}

function show(value: unknown): string {
  if (value === undefined) return 'left out';
  const shown = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
}
