/** Any part of a configuration, at any depth. */
export type Overrides<Config> = {
  readonly [Key in keyof Config]?: Config[Key] extends readonly unknown[]
    ? Config[Key]
    : Config[Key] extends object
      ? Overrides<Config[Key]>
      : Config[Key];
};

/** Groups and values all the way down, none of them to be changed. */
export type DeepReadonly<Value> = Value extends readonly unknown[]
  ? Readonly<Value>
  : Value extends object
    ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
    : Value;

type Group = Readonly<Record<string, unknown>>;

/**
 * Lays `overrides` over `base`, group by group; a value that is no group replaces what was there, null included, and
 * undefined changes nothing. Neither argument is changed.
 */
export function mergeConfig(base: Group, overrides: Group): Group {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(overrides)) {
    if (value === undefined) continue;
    const before = merged[key];
    merged[key] = isGroup(before) && isGroup(value) ? mergeConfig(before, value) : value;
  }
  return merged;
}

/** The overrides that set one field: `['a', 'b'], 1` gives `{ a: { b: 1 } }`. */
export function overrideAt(path: readonly string[], value: unknown): Group {
  const [key, ...rest] = path;
  if (key === undefined) throw new Error('a field has a name');
  return { [key]: rest.length === 0 ? value : overrideAt(rest, value) };
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
