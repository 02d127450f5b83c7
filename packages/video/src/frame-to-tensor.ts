import type { Picture } from './picture.ts';
import { resample, type ResizeGeometry } from './rgb-rows.ts';
import { VideoError } from './video-error.ts';

/** A value per channel: red, green, blue. */
export type RgbTriple = readonly [number, number, number];

/** Mean of ImageNet's RGB in [0, 1]: what UMT normalises every frame with, the teacher's included. */
export const IMAGENET_MEAN: RgbTriple = [0.485, 0.456, 0.406];

/** Standard deviation of ImageNet's RGB in [0, 1]. */
export const IMAGENET_STD: RgbTriple = [0.229, 0.224, 0.225];

/** How a frame becomes a slice of a tensor. */
export interface FrameToTensorOptions extends ResizeGeometry {
  /** True mirrors the result left to right; default false. */
  readonly flip?: boolean;
  /** Subtracted from RGB in [0, 1]; default {@link IMAGENET_MEAN}. */
  readonly mean?: RgbTriple;
  /** Divides the difference; default {@link IMAGENET_STD}. */
  readonly std?: RgbTriple;
}

/**
 * Crops, resizes, converts to RGB and normalises one frame in a single pass.
 * Within one grey level (before normalising) of decoding to RGB, cropping and resizing with Pillow (antialias: true).
 *
 * @param picture a decoded frame, or RGB pixels wrapped by `rgbPicture`.
 * @param out receives [height, width, 3] float32 values from `offset` on: a slice of a [T, H, W, 3] clip.
 * @param offset index into `out`; default 0.
 * @throws {VideoError} of kind 'bad-argument' when the box, the size or `out` does not fit.
 */
export function frameToTensor(picture: Picture, options: FrameToTensorOptions, out: Float32Array, offset = 0): void {
  const { width, height, flip = false, mean = IMAGENET_MEAN, std = IMAGENET_STD } = options;
  if (!(offset >= 0 && offset + width * height * 3 <= out.length)) {
    throw new VideoError(
      'bad-argument',
      `a ${height}x${width}x3 frame at offset ${offset} does not fit an array of ${out.length} values`,
    );
  }
  const first = offset + (flip ? (width - 1) * 3 : 0);
  resample(picture, options, {
    out,
    at: (row) => first + row * width * 3,
    step: flip ? -3 : 3,
    scale: [1 / (255 * std[0]), 1 / (255 * std[1]), 1 / (255 * std[2])],
    shift: [-mean[0] / std[0], -mean[1] / std[1], -mean[2] / std[2]],
  });
}
