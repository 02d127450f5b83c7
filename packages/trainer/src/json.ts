/** Plain JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Where two pieces of JSON differ. */
export interface Difference {
  /** Dotted path of the first field that differs. */
  readonly path: string;
  /** What is there, as JSON; `nothing` where the field is missing. */
  readonly before: string;
  readonly after: string;
}

/** The JSON that a value is written as: fields that JSON cannot hold are gone. */
export function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

/** The first field in which two pieces of JSON differ, whatever the order of their keys; undefined where they are equal. */
export function firstDifference(before: unknown, after: unknown, path = ''): Difference | undefined {
  if (isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    for (const key of keys) {
      const difference = firstDifference(before[key], after[key], path === '' ? key : `${path}.${key}`);
      if (difference) return difference;
    }
    return undefined;
  }
  return before === after ? undefined : { path, before: show(before), after: show(after) };
}

function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
