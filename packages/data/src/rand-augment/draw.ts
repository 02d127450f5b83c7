import type { RandomStream } from '@umt/random';
import type { ResizeFilter } from '@umt/video';
import type { RandAugmentFilter, RandAugmentPolicy } from './config.ts';

/** RandAugment's operations. */
export type OperationName =
  | 'AutoContrast'
  | 'Equalize'
  | 'Invert'
  | 'Rotate'
  | 'Posterize'
  | 'Solarize'
  | 'SolarizeAdd'
  | 'Color'
  | 'Contrast'
  | 'Brightness'
  | 'Sharpness'
  | 'ShearX'
  | 'ShearY'
  | 'TranslateX'
  | 'TranslateY';

/** One operation with its strength, the same for all frames of a clip. */
export interface DrawnOperation {
  readonly name: OperationName;
  /**
   * Degrees (Rotate), bits to keep (Posterize), threshold (Solarize), what is added (SolarizeAdd), factor (Color, Contrast,
   * Brightness, Sharpness), shear, or shift as a part of the frame's width or height; 0 for the first three.
   */
  readonly value: number;
  readonly filter: ResizeFilter;
}

interface Rule {
  /** Chance under `w0`. */
  readonly weight: number;
  /** Strength for a magnitude as a part of 10, where it does not grow with it. */
  readonly plain: (magnitude: number, sign: number) => number;
  /** Strength in the increasing list; default `plain`. */
  readonly increasing?: (magnitude: number, sign: number) => number;
}

const none = () => 0;
const enhance = (weight: number): Rule => ({
  weight,
  plain: (m) => 1.8 * m + 0.1,
  increasing: (m, sign) => 1 + sign * 0.9 * m,
});
const signed = (weight: number, most: number): Rule => ({ weight, plain: (m, sign) => sign * m * most });

const RULES: Readonly<Record<OperationName, Rule>> = {
  AutoContrast: { weight: 0.025, plain: none },
  Equalize: { weight: 0.005, plain: none },
  Invert: { weight: 0, plain: none },
  Rotate: signed(0.3, 30),
  Posterize: { weight: 0, plain: (m) => Math.trunc(m * 4), increasing: (m) => 4 - Math.trunc(m * 4) },
  Solarize: { weight: 0.005, plain: (m) => Math.trunc(m * 256), increasing: (m) => 256 - Math.trunc(m * 256) },
  SolarizeAdd: { weight: 0.005, plain: (m) => Math.trunc(m * 110) },
  Color: enhance(0.025),
  Contrast: enhance(0.005),
  Brightness: enhance(0.005),
  Sharpness: enhance(0.025),
  ShearX: signed(0.2, 0.3),
  ShearY: signed(0.2, 0.3),
  TranslateX: signed(0.1, 0.45),
  TranslateY: signed(0.1, 0.45),
};

const NAMES = Object.keys(RULES) as readonly OperationName[];

/**
 * Strength of an operation.
 *
 * @param magnitude 0 to 10
 * @param sign 1 or -1, for operations that go both ways
 */
export function operationValue(name: OperationName, magnitude: number, isIncreasing: boolean, sign: number): number {
  const { plain, increasing = plain } = RULES[name];
  return (isIncreasing ? increasing : plain)(magnitude / 10, sign);
}

/**
 * Draws the operations of a clip: `count` of the fifteen, with replacement and equally likely (or weighted, without),
 * each applied with probability 1/2 at a magnitude N(m, mstd) clipped to [0, 10]. (UMT fine-tuning.)
 */
export function drawOperations(
  { magnitude, magnitudeStd, count, isIncreasing, isWeighted }: RandAugmentPolicy,
  filter: RandAugmentFilter,
  stream: RandomStream,
): readonly DrawnOperation[] {
  const names = isWeighted
    ? drawWeighted(count, stream)
    : Array.from({ length: count }, () => NAMES[stream.integer(0, NAMES.length - 1)] ?? 'Invert');
  const drawn = names.map((name) => {
    const isApplied = stream.uniform() < 0.5;
    const strength = Math.min(10, Math.max(0, magnitude + magnitudeStd * stream.normal()));
    const sign = stream.uniform() < 0.5 ? -1 : 1;
    const isBilinear = stream.uniform() < 0.5;
    const operation: DrawnOperation = {
      name,
      value: operationValue(name, strength, isIncreasing, sign),
      filter: filter === 'random' ? (isBilinear ? 'bilinear' : 'bicubic') : filter,
    };
    return { isApplied, operation };
  });
  return drawn.filter(({ isApplied }) => isApplied).map(({ operation }) => operation);
}

/** Draws names one after the other without replacement, in proportion to their weights: the first to arrive win. */
function drawWeighted(count: number, stream: RandomStream): readonly OperationName[] {
  return NAMES.map((name) => ({ name, arrival: stream.exponential() / RULES[name].weight }))
    .filter(({ arrival }) => arrival < Infinity)
    .sort((a, b) => a.arrival - b.arrival)
    .slice(0, count)
    .map(({ name }) => name);
}
