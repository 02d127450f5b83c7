import type { Picture } from './picture.ts';
import { resample, type ResizeGeometry } from './rgb-rows.ts';

/** Interleaved 8-bit RGB pixels, rows from the top. */
export interface RgbImage {
  /** height * width * 3 bytes. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Converts a picture to RGB at its full size (chroma interpolated bilinearly), for augmentations that come before the crop.
 * Pixels that already are RGB are copied.
 */
export function toRgb(picture: Picture): RgbImage {
  const { format, width, height, planes } = picture;
  const [pixels] = planes;
  if (format === 'RGB' && pixels?.stride === 3 * width && pixels.data instanceof Uint8Array) {
    return { data: pixels.data.slice(0, 3 * width * height), width, height };
  }
  return resampleToRgb(picture, { width, height });
}

/** Crops and resizes a picture into 8-bit RGB, rounding once at the end. */
export function resampleToRgb(picture: Picture, geometry: ResizeGeometry): RgbImage {
  const { width, height } = geometry;
  const data = new Uint8Array(width * height * 3);
  const length = 3 * width;
  const out = new Float32Array(length);
  resample(picture, geometry, {
    out,
    at: () => 0,
    step: 3,
    // Values are in 0..255 here, so adding a half and truncating rounds.
    scale: [1, 1, 1],
    shift: [0.5, 0.5, 0.5],
    onRow(row) {
      const first = row * length;
      for (let i = 0; i < length; i++) data[first + i] = (out[i] as number) | 0;
    },
  });
  return { data, width, height };
}
