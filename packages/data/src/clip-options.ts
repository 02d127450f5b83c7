import type { DecoderName, RgbTriple } from '@umt/video';
import { checkInteger, DataError } from './data-error.ts';
import type { ErasingOptions } from './random-erasing.ts';
import { parseRandAugment, type RandAugmentFilter } from './rand-augment/config.ts';

/**
 * Which frames of a video make a clip. `segments`: one frame of each of T equal parts (UMT pre-training with 8, SSv2).
 * `dense`: T frames `rate` apart (VideoMAE, UCF101, HMDB51).
 */
export type FrameSampling = { readonly kind: 'segments' } | { readonly kind: 'dense'; readonly rate: number };

/** Frames for classifiers. `sparse`: segments that share their border frames (Kinetics and Moments in Time). */
export type ClassificationSampling = FrameSampling | { readonly kind: 'sparse' };

/** What all ways to make clips share. Plain data, so that workers get it. */
export interface SharedClipOptions {
  /** Frames T of a clip. */
  readonly frames: number;
  /** Height and width of a clip in pixels. */
  readonly size: number;
  /** Subtracted from RGB in [0, 1]. Default ImageNet's mean. */
  readonly mean?: RgbTriple;
  /** Divides the difference. Default ImageNet's standard deviation. */
  readonly std?: RgbTriple;
  /**
   * Memory for decoded videos, over all workers. Videos are kept whole, as decoded, until it is full; a small data set is
   * then decoded once, not in every epoch. Default 0.
   */
  readonly cacheBytes?: number;
  /** Which decoder to use. Default the best that is here. */
  readonly decoder?: DecoderName;
}

/** Clips for pre-training: UMT's multi-scale crop and flip. */
export interface PretrainClipOptions extends SharedClipOptions {
  readonly kind?: 'pretrain';
  /** Default `{ kind: 'segments' }`. */
  readonly sampling?: FrameSampling;
  /** How likely a whole clip is mirrored. Default 0.5, as in the UMT recipes. */
  readonly flipProbability?: number;
  /** Strength of brightness, contrast and saturation changes, one draw for each clip. Default 0: none. */
  readonly colorJitter?: number;
  /** Repeated augmentation: clips made of the same decoded frames ("num_sample"). Default 1. */
  readonly copies?: number;
}

/** Clips for training a classifier: RandAugment, random resized crop, flip, random erasing, in this order. */
export interface FinetuneClipOptions extends SharedClipOptions {
  readonly kind: 'finetune';
  /** Default `{ kind: 'sparse' }`. */
  readonly sampling?: ClassificationSampling;
  /** RandAugment's policy, such as `rand-m9-n4-mstd0.5-inc1`; null for none. Default `rand-m7-n4-mstd0.5-inc1`. */
  readonly randAugment?: string | null;
  /** How RandAugment's rotations, shears and shifts interpolate; `random` draws for each. Default `bicubic`. */
  readonly randAugmentFilter?: RandAugmentFilter;
  /** Area of the crop as a part of the frame, lowest and highest. Default [0.08, 1]. */
  readonly scale?: readonly [number, number];
  /** Width by height of the crop, lowest and highest. Default [0.75, 1.3333]. */
  readonly ratio?: readonly [number, number];
  /** How likely a whole clip is mirrored. Default 0.5; 0 where left and right are classes, as in SSv2. */
  readonly flipProbability?: number;
  /** Default: a rectangle of noise in a quarter of the clips. */
  readonly erasing?: ErasingOptions;
  /** Repeated augmentation: clips made of the same decoded frames ("num_sample"). Default 1; the UMT recipes use 2. */
  readonly copies?: number;
}

/** Clips for measuring a classifier: nothing is random, and a video gives clips x crops views. */
export interface ViewClipOptions extends SharedClipOptions {
  readonly kind: 'views';
  /** Default `{ kind: 'sparse' }`. */
  readonly sampling?: ClassificationSampling;
  /** Length of the resized frames' short side in pixels, at least `size`. Default `size`, as in the UMT recipes. */
  readonly shortSide?: number;
  /** Clips along time. Default 1. */
  readonly clips?: number;
  /** Windows along the longer side. Default 1. */
  readonly crops?: number;
  /**
   * The reference's rules for `test` sets or for `validation` in training: they sample and round otherwise, and validation
   * has one view, the centre's. Default `test`.
   */
  readonly protocol?: 'test' | 'validation';
}

/** How a video becomes clips for training. */
export type TrainingClipOptions = PretrainClipOptions | FinetuneClipOptions;

/** How a video becomes clips: `kind` tells which way, `pretrain` where there is none. */
export type ClipOptions = TrainingClipOptions | ViewClipOptions;

/** The policy of the UMT fine-tuning recipes, unless they name another. */
export const DEFAULT_RAND_AUGMENT = 'rand-m7-n4-mstd0.5-inc1';

/** Clips that one video gives: its copies, or its views. */
export function clipsPerVideo(options: ClipOptions): number {
  return options.kind === 'views' ? (options.clips ?? 1) * (options.crops ?? 1) : (options.copies ?? 1);
}

/** Numbers in one sample: [clips, T, H, W, 3]. */
export function sampleLength(options: ClipOptions): number {
  return clipsPerVideo(options) * options.frames * options.size * options.size * 3;
}

/** @throws DataError naming the first option that is wrong */
export function checkClipOptions(options: ClipOptions): void {
  const { frames, size, cacheBytes = 0 } = options;
  checkInteger('frames', frames, 1);
  checkInteger('size', size, 1);
  checkInteger('cacheBytes', cacheBytes, 0);
  checkOneOf('kind', options.kind ?? 'pretrain', ['pretrain', 'finetune', 'views']);
  if (options.kind === 'views') checkViews(options);
  else if (options.kind === 'finetune') checkFinetune(options);
  else checkPretrain(options);
}

function checkPretrain({ sampling, copies = 1, flipProbability = 0.5, colorJitter = 0 }: PretrainClipOptions): void {
  checkSampling(sampling, ['segments', 'dense']);
  checkInteger('copies', copies, 1);
  checkProbability('flipProbability', flipProbability);
  if (!(colorJitter >= 0 && Number.isFinite(colorJitter))) {
    throw new DataError(`colorJitter must be 0 or more, got ${colorJitter}`);
  }
}

function checkFinetune(options: FinetuneClipOptions): void {
  const { copies = 1, flipProbability = 0.5, scale = [0.08, 1], ratio = [0.75, 1.3333], erasing = {} } = options;
  checkSampling(options.sampling, ['sparse', 'segments', 'dense']);
  checkInteger('copies', copies, 1);
  checkProbability('flipProbability', flipProbability);
  checkRange('scale', scale, 1);
  checkRange('ratio', ratio, Infinity);
  checkProbability('erasing.probability', erasing.probability ?? 0.25);
  checkInteger('erasing.count', erasing.count ?? 1, 1);
  checkOneOf('erasing.mode', erasing.mode ?? 'pixel', ['pixel', 'rand', 'const']);
  const { randAugment = DEFAULT_RAND_AUGMENT, randAugmentFilter = 'bicubic' } = options;
  checkOneOf('randAugmentFilter', randAugmentFilter, ['bilinear', 'bicubic', 'random']);
  if (randAugment !== null) parseRandAugment(randAugment);
}

function checkViews(options: ViewClipOptions): void {
  const { size, shortSide = size, clips = 1, crops = 1, protocol = 'test' } = options;
  checkSampling(options.sampling, ['sparse', 'segments', 'dense']);
  checkOneOf('protocol', protocol, ['test', 'validation']);
  checkInteger('shortSide', shortSide, 1);
  checkInteger('clips', clips, 1);
  checkInteger('crops', crops, 1);
  if (shortSide < size) throw new DataError(`shortSide must be at least size, ${size}, got ${shortSide}`);
  if (protocol === 'validation' && clips * crops > 1) {
    throw new DataError(`clips and crops must be 1 for validation, got ${clips} and ${crops}: set protocol to "test"`);
  }
}

function checkSampling(sampling: ClassificationSampling | undefined, kinds: readonly string[]): void {
  if (sampling === undefined) return;
  checkOneOf('sampling.kind', sampling.kind, kinds);
  if (sampling.kind === 'dense') checkInteger('sampling.rate', sampling.rate, 1);
}

/** Options come from workers' messages and files too, where no compiler has read them. */
function checkOneOf(option: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  const names = allowed.map((name) => JSON.stringify(name)).join(', ');
  throw new DataError(`${option} must be one of ${names}, got ${JSON.stringify(value)}`);
}

/** Checks that an option is a probability. */
export function checkProbability(option: string, value: number): void {
  if (!(value >= 0 && value <= 1)) throw new DataError(`${option} must be from 0 to 1, got ${value}`);
}

function checkRange(option: string, [low, high]: readonly [number, number], limit: number): void {
  if (low > 0 && low <= high && high <= limit && high < Infinity) return;
  const upTo = limit === Infinity ? '' : `, at most ${limit}`;
  throw new DataError(`${option} must be two rising numbers above 0${upTo}, got [${low}, ${high}]`);
}
