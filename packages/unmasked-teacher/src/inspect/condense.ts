import type { InspectedTensor } from './inspect-checkpoint.ts';

/** Tensors that differ in the numbers in their names alone, as a transformer's blocks do. */
export interface TensorGroup {
  /** A name with the numbers as a range: `blocks.{0..11}.norm1.weight`. */
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly count: number;
}

/** Puts tensors of one shape and dtype together whose names differ in one number alone, each at the place of its first. */
export function condense(tensors: readonly InspectedTensor[]): readonly TensorGroup[] {
  const groups = new Map<
    string,
    { readonly first: InspectedTensor; readonly numbers: number[]; readonly parts: Parts }
  >();
  for (const tensor of tensors) {
    const parts = partsOf(tensor.name);
    const key = JSON.stringify([parts?.before ?? tensor.name, parts?.after, tensor.dtype, tensor.shape]);
    const group = groups.get(key);
    if (group && parts) group.numbers.push(parts.number);
    else groups.set(key, { first: tensor, numbers: parts ? [parts.number] : [], parts });
  }
  return [...groups.values()].map(({ first: { name, dtype, shape }, numbers, parts }) => ({
    name: parts && numbers.length > 1 ? `${parts.before}{${ranges(numbers)}}${parts.after}` : name,
    dtype,
    shape,
    count: Math.max(1, numbers.length),
  }));
}

type Parts = { readonly before: string; readonly number: number; readonly after: string } | null;

/** The first number that stands between dots. */
function partsOf(name: string): Parts {
  const [, before, number, after] = /^(.*?\.)(\d+)(\..*)$/.exec(name) ?? [];
  return before === undefined || after === undefined ? null : { before, number: Number(number), after };
}

/** 0, 1, 2, 5 is `0..2,5`. */
function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && number === run[1] + 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}..${to}`)).join(',');
}
