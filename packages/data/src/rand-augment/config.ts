import { checkInteger, DataError } from '../data-error.ts';

/** How rotations, shears and shifts interpolate; `random` draws one of the two for each. */
export type RandAugmentFilter = 'bilinear' | 'bicubic' | 'random';

/** What a RandAugment string says. */
export interface RandAugmentPolicy {
  /** Mean strength, 0 to 10 (`m`, default 10). */
  readonly magnitude: number;
  /** Spread of the strength, a standard deviation (`mstd`, default 0). */
  readonly magnitudeStd: number;
  /** Operations drawn for a clip (`n`, default 2). */
  readonly count: number;
  /** Whether every operation gets stronger with the magnitude (`inc1`, default not). */
  readonly isIncreasing: boolean;
  /** Whether geometry is favoured and no operation comes twice (`w0`); otherwise all are equally likely. */
  readonly isWeighted: boolean;
}

/** Operations that the weights of `w0` leave a chance. */
const WEIGHTED_OPERATIONS = 13;
const FIELDS: Readonly<Record<string, RegExp>> = {
  m: /^\d+(\.\d+)?$/,
  mstd: /^\d+(\.\d+)?$/,
  n: /^\d+$/,
  w: /^0$/,
  inc: /^[01]$/,
};
const ALLOWED = 'm0 to m10, mstd0 or more, n1 or more, w0, inc0 or inc1, joined by "-"';

/**
 * Reads a RandAugment policy such as `rand-m7-n4-mstd0.5-inc1` or `rand-m9-mstd0.5-w0`. (In the reference `inc0` means
 * the same as `inc1`; here it means what it says.)
 *
 * @throws DataError naming the part that is wrong
 */
export function parseRandAugment(text: string): RandAugmentPolicy {
  const problem = (what: string) => new DataError(`randAugment ${JSON.stringify(text)}: ${what}`);
  const [first, ...parts] = text.split('-');
  if (first !== 'rand') throw problem(`must begin with "rand", as in "rand-m9-n2-mstd0.5-inc1"`);
  const values = new Map<string, number>();
  for (const part of parts) {
    const [, name = '', value = ''] = /^([a-z]*)(.*)$/.exec(part) ?? [];
    const pattern = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (pattern?.test(value) !== true) throw problem(`${JSON.stringify(part)} is none of ${ALLOWED}`);
    if (values.has(name)) throw problem(`${name} is given twice`);
    values.set(name, Number(value));
  }
  const policy = {
    magnitude: values.get('m') ?? 10,
    magnitudeStd: values.get('mstd') ?? 0,
    count: values.get('n') ?? 2,
    isIncreasing: values.get('inc') === 1,
    isWeighted: values.has('w'),
  };
  if (policy.magnitude > 10) throw problem(`m must be at most 10, got ${policy.magnitude}`);
  checkInteger(
    `randAugment ${JSON.stringify(text)}: n`,
    policy.count,
    1,
    policy.isWeighted ? WEIGHTED_OPERATIONS : 1000,
  );
  return policy;
}
