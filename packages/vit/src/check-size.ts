import { tokenGrid, type TokenGrid } from '@umt/tokenizer';
import type { Tensor } from '@umt/tensor';

/** The clips that a model takes, and how it cuts them into tokens. */
export interface ClipSizes {
  readonly frames: number;
  /** Height and width in pixels. */
  readonly imageSize: number;
  readonly tubelet: number;
  readonly patch: number;
}

/**
 * The tokens of a model's input.
 *
 * @throws RangeError when it does not split into tubelets
 */
export function clipGrid({ frames, imageSize, tubelet, patch }: ClipSizes): TokenGrid {
  return tokenGrid({ frames, height: imageSize, width: imageSize }, { frames: tubelet, patch });
}

/** @throws RangeError unless the video is [B, T, H, W, 3] of the model's size */
export function checkVideo(model: string, video_BTHWC: Tensor, { frames, imageSize }: ClipSizes): void {
  const expected = [frames, imageSize, imageSize, 3];
  if (video_BTHWC.shape.length === 5 && video_BTHWC.shape.slice(1).join() === expected.join()) return;
  throw new RangeError(`${model}: expected a video [B, ${expected.join(', ')}], got [${video_BTHWC.shape.join(', ')}]`);
}

/** The sizes that every model of transformer blocks has. */
export interface BlockSizes {
  readonly mlpRatio: number;
  readonly initValues: number;
}

/**
 * Checks fields that count something.
 *
 * @param model how the message calls it
 * @throws RangeError naming the first field that is no positive integer
 */
export function checkCounts<Field extends string>(
  model: string,
  config: Readonly<Record<Field, number>>,
  fields: readonly Field[],
): void {
  for (const field of fields) {
    if (!Number.isInteger(config[field]) || config[field] < 1) {
      throw new RangeError(`${model}: ${field} must be a positive integer, got ${config[field]}`);
    }
  }
}

/**
 * Checks that a width splits into heads.
 *
 * @param names of the two fields, for the message
 * @throws RangeError when it does not
 */
export function checkHeads(model: string, width: number, heads: number, names: readonly [string, string]): void {
  if (width % heads !== 0) {
    throw new RangeError(`${model}: ${names[1]} must divide ${names[0]}, got ${heads} and ${width}`);
  }
}

/** @throws RangeError when blocks cannot have the MLP or the LayerScale that is asked for */
export function checkBlocks(model: string, { mlpRatio, initValues }: BlockSizes): void {
  if (!(mlpRatio > 0)) throw new RangeError(`${model}: mlpRatio must be positive, got ${mlpRatio}`);
  if (!(initValues >= 0)) throw new RangeError(`${model}: initValues must not be negative, got ${initValues}`);
}
