import type { DecoderName, RgbTriple } from '@umt/video';
import { checkInteger, DataError } from './data-error.ts';

/**
 * Which frames of a video make a clip. `segments`: one random frame of each of T equal parts (UMT, 8 segments). `dense`: T
 * frames `rate` apart from a random start (VideoMAE).
 */
export type FrameSampling = { readonly kind: 'segments' } | { readonly kind: 'dense'; readonly rate: number };

/** How a video becomes training clips: UMT pre-training's augmentation. Plain data, so that workers get it. */
export interface ClipOptions {
  /** Frames T of a clip. */
  readonly frames: number;
  /** Height and width of a clip in pixels. */
  readonly size: number;
  /** Default `{ kind: 'segments' }`. */
  readonly sampling?: FrameSampling;
  /** How likely a whole clip is mirrored. Default 0.5, as in the UMT recipes. */
  readonly flipProbability?: number;
  /** Strength of brightness, contrast and saturation changes, one draw for each clip. Default 0: none. */
  readonly colorJitter?: number;
  /** Repeated augmentation: clips made of the same decoded frames ("num_sample"). Default 1. */
  readonly copies?: number;
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

/** Numbers in one sample: [copies, T, H, W, 3]. */
export function sampleLength({ frames, size, copies = 1 }: ClipOptions): number {
  return copies * frames * size * size * 3;
}

/** @throws DataError naming the first option that is wrong */
export function checkClipOptions(options: ClipOptions): void {
  const { frames, size, sampling, copies = 1, flipProbability = 0.5, colorJitter = 0, cacheBytes = 0 } = options;
  checkInteger('frames', frames, 1);
  checkInteger('size', size, 1);
  checkInteger('copies', copies, 1);
  checkInteger('cacheBytes', cacheBytes, 0);
  if (sampling?.kind === 'dense') checkInteger('sampling.rate', sampling.rate, 1);
  if (!(flipProbability >= 0 && flipProbability <= 1)) {
    throw new DataError(`flipProbability must be from 0 to 1, got ${flipProbability}`);
  }
  if (!(colorJitter >= 0 && Number.isFinite(colorJitter))) {
    throw new DataError(`colorJitter must be 0 or more, got ${colorJitter}`);
  }
}
