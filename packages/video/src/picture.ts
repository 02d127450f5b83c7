import { VideoError } from './video-error.ts';

/**
 * How the samples of a picture lie in memory.
 * `I4xx`: three planes Y, U, V, chroma subsampled 2x2 (I420), 2x1 (I422), 1x2 (I440) or not at all (I444); `I400`: Y alone;
 * `NV12`: Y and one plane of interleaved U, V at half size; `RGB`, `RGBA`: one interleaved plane (alpha is ignored).
 */
export type PictureFormat = 'I400' | 'I420' | 'I422' | 'I440' | 'I444' | 'NV12' | 'RGB' | 'RGBA';

/** The matrix that made Y, U, V from R, G, B: ITU-R BT.601, BT.709 or BT.2020 (non-constant luminance). */
export type ColorMatrix = 'bt601' | 'bt709' | 'bt2020';

/** What is needed to turn Y, U, V back into R, G, B. */
export interface ColorSpace {
  readonly matrix: ColorMatrix;
  /** True when 8-bit Y uses 0..255; false for 16..235 ("limited", "tv"). */
  readonly fullRange: boolean;
}

/** One rectangle of samples. */
export interface Plane {
  /** Samples in rows from the top; 16-bit elements when the picture's `bitDepth` exceeds 8. */
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array;
  /** Elements (not bytes) from the start of one row to the start of the next. */
  readonly stride: number;
  /** Pixels per row (an interleaved pixel counts once). */
  readonly width: number;
  readonly height: number;
}

/** A still picture in native planes or in RGB: what every function of the plane kernel reads. */
export interface Picture {
  /** Size in pixels. */
  readonly width: number;
  readonly height: number;
  readonly format: PictureFormat;
  /** Bits per sample: 8, or 9 to 16 in 16-bit elements. */
  readonly bitDepth: number;
  readonly planes: readonly Plane[];
  /** Ignored for RGB and RGBA. */
  readonly colorSpace: ColorSpace;
}

/** What untagged video is taken for: BT.601, limited range, as FFmpeg, OpenCV and decord do. */
export const UNTAGGED_COLOR_SPACE: ColorSpace = { matrix: 'bt601', fullRange: false };

/** Chroma subsampling of a format as [horizontal, vertical] divisors. */
export function chromaSubsampling(format: PictureFormat): readonly [number, number] {
  switch (format) {
    case 'I420':
    case 'NV12':
      return [2, 2];
    case 'I422':
      return [2, 1];
    case 'I440':
      return [1, 2];
    default:
      return [1, 1];
  }
}

/** Samples per pixel in the first plane: 3 for RGB, 4 for RGBA, else 1. */
export function lumaStep(format: PictureFormat): number {
  return format === 'RGB' ? 3 : format === 'RGBA' ? 4 : 1;
}

/**
 * Wraps interleaved 8-bit RGB or RGBA pixels as a picture, without copying.
 *
 * @param data height * width * 3 (RGB) or * 4 (RGBA) bytes; which one is told by the length.
 * @throws {VideoError} of kind 'bad-argument' when the length fits neither.
 */
export function rgbPicture(data: Uint8Array | Uint8ClampedArray, width: number, height: number): Picture {
  const step = data.length / (width * height);
  if (step !== 3 && step !== 4) {
    throw new VideoError(
      'bad-argument',
      `${data.length} bytes are no ${width}x${height} picture: give width * height * 3 (RGB) or * 4 (RGBA) bytes`,
    );
  }
  return {
    width,
    height,
    format: step === 3 ? 'RGB' : 'RGBA',
    bitDepth: 8,
    planes: [{ data, stride: width * step, width, height }],
    colorSpace: UNTAGGED_COLOR_SPACE,
  };
}
