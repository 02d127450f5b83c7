import type { Picture } from './picture.ts';
import { forEachRgbRow, type ResizeGeometry } from './rgb-rows.ts';

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
  return resampleToRgb(picture, { width: picture.width, height: picture.height });
}

/** Crops and resizes a picture into 8-bit RGB, rounding once at the end. */
export function resampleToRgb(picture: Picture, geometry: ResizeGeometry): RgbImage {
  const { width, height } = geometry;
  const data = new Uint8Array(width * height * 3);
  forEachRgbRow(picture, geometry, (row, red, green, blue) => {
    let o = row * width * 3;
    for (let x = 0; x < width; x++, o += 3) {
      // Values are in 0..255 here, so adding a half and truncating rounds.
      data[o] = (red[x] as number) + 0.5;
      data[o + 1] = (green[x] as number) + 0.5;
      data[o + 2] = (blue[x] as number) + 0.5;
    }
  });
  return { data, width, height };
}
