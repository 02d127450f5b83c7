import { cast, read, scope, tensorLike, type Shape } from '@umt/tensor';
import type { Module } from './module.ts';

/** A parameter's values outside any engine. */
export interface NamedArray {
  readonly shape: Shape;
  /** Row-major. */
  readonly data: Float32Array;
}

/** Something that parameters can be loaded from, one at a time: an open checkpoint, arrays in memory, an adapter of these. */
export interface ParameterSource {
  /** Everything it holds, by name. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** The row-major elements of one of the names. */
  read(name: string): Float32Array | Promise<Float32Array>;
}

/** A source of arrays in memory. */
export function arraySource(arrays: ReadonlyMap<string, NamedArray>): ParameterSource {
  return {
    shapes: new Map([...arrays].map(([name, { shape }]) => [name, shape])),
    read(name) {
      const array = arrays.get(name);
      if (!array) throw new Error(`there is no array named '${name}'`);
      return array.data;
    },
  };
}

/**
 * A source under other names.
 *
 * @param rename the new name of each; null leaves it out
 * @throws Error when two would have the same name
 */
export function renamedSource(source: ParameterSource, rename: (name: string) => string | null): ParameterSource {
  const originals = new Map<string, string>();
  const shapes = new Map<string, Shape>();
  for (const [original, shape] of source.shapes) {
    const name = rename(original);
    if (name === null) continue;
    if (shapes.has(name)) {
      throw new Error(`'${originals.get(name)}' and '${original}' both stand for parameter '${name}'; remove one`);
    }
    originals.set(name, original);
    shapes.set(name, shape);
  }
  return {
    shapes,
    read(name) {
      const original = originals.get(name);
      if (original === undefined) throw new Error(`there is no array named '${name}'`);
      return source.read(original);
    },
  };
}

/** How the names and shapes of a module and a source differ. */
export interface ParameterReport {
  /** In the module, not in the source. */
  readonly missing: readonly string[];
  /** In the source, not in the module. */
  readonly unexpected: readonly string[];
  /** In both, with different shapes. */
  readonly misshapen: readonly { readonly name: string; readonly expected: Shape; readonly found: Shape }[];
}

/** A source does not fit the module it should be loaded into. Nothing was changed. */
export class ParameterMismatchError extends Error {
  override readonly name = 'ParameterMismatchError';
  readonly report: ParameterReport;

  constructor(report: ParameterReport) {
    super(describe(report));
    this.report = report;
  }
}

/** Compares names and shapes; reads no elements. */
export function compareParameters(module: Module, source: ParameterSource): ParameterReport {
  const parameters = module.parameters();
  const names = [...parameters.keys()];
  return {
    missing: names.filter((name) => !source.shapes.has(name)),
    unexpected: [...source.shapes.keys()].filter((name) => !parameters.has(name)),
    misshapen: [...parameters].flatMap(([name, { shape: expected }]) => {
      const found = source.shapes.get(name);
      return !found || sameShape(found, expected) ? [] : [{ name, expected, found }];
    }),
  };
}

/**
 * Sets a module's parameters from a source, one after the other. Strict (the default) means that names and shapes must be
 * the same on both sides; otherwise what fits is loaded and the rest keeps its values.
 *
 * @returns what did not fit; all empty when strict
 * @throws ParameterMismatchError when strict and something does not fit, before anything is changed
 */
export async function loadParameters(
  module: Module,
  source: ParameterSource,
  options: { readonly strict?: boolean } = {},
): Promise<ParameterReport> {
  const report = compareParameters(module, source);
  const isClean = Object.values(report).every((differences) => differences.length === 0);
  if (!isClean && options.strict !== false) throw new ParameterMismatchError(report);
  const misshapen = new Set(report.misshapen.map(({ name }) => name));
  for (const [name, parameter] of module.parameters()) {
    if (!source.shapes.has(name) || misshapen.has(name)) continue;
    const data = await source.read(name);
    const { value, shape } = parameter;
    if (data.length !== value.size) {
      throw new Error(`parameter ${name} [${shape.join(', ')}]: the source gave ${data.length} elements`);
    }
    parameter.assign(scope(() => cast(tensorLike(value, data, shape, 'float32'), value.dtype)));
  }
  return report;
}

/** The values of all parameters by their official names, in declaration order, as float32. */
export async function stateDict(module: Module): Promise<Map<string, NamedArray>> {
  const arrays = new Map<string, NamedArray>();
  for (const [name, { value }] of module.parameters()) {
    const inFloat = scope(() => cast(value, 'float32'));
    const data = await read(inFloat);
    inFloat.dispose();
    arrays.set(name, { shape: value.shape, data: data instanceof Float32Array ? data : Float32Array.from(data) });
  }
  return arrays;
}

function describe({ missing, unexpected, misshapen }: ParameterReport): string {
  const wrongShapes = misshapen.map(
    ({ name, expected, found }) => `${name} is [${found.join(', ')}] where the model has [${expected.join(', ')}]`,
  );
  const parts = [
    missing.length > 0 ? `${missing.length} missing (${shorten(missing)})` : '',
    unexpected.length > 0 ? `${unexpected.length} unexpected (${shorten(unexpected)})` : '',
    misshapen.length > 0 ? `${misshapen.length} of another shape (${shorten(wrongShapes)})` : '',
  ];
  return `parameters do not fit the model: ${parts.filter(Boolean).join('; ')}; check the model's size`;
}

function shorten(items: readonly string[]): string {
  return items.length > 3 ? `${items.slice(0, 3).join(', ')}, ...` : items.join(', ');
}

function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}
