import type { RgbImage } from '@umt/video';
import { applyTable } from './tables.ts';

/** Grey level of a pixel as Pillow's `convert('L')` gives it: ITU-R 601 in 16-bit fixed point. */
const luma = (data: Uint8Array, i: number): number =>
  ((data[i] as number) * 19595 + (data[i + 1] as number) * 38470 + (data[i + 2] as number) * 7471 + 0x8000) >> 16;

/** Pillow's `Image.blend(degenerate, image, factor)` for one level of the degenerate: single precision, cut off. */
function blendTable(degenerate: number, factor: number, table = new Uint8Array(256)): Uint8Array {
  const alpha = Math.fround(factor);
  for (let level = 0; level < 256; level++) {
    const value = Math.fround(degenerate + Math.fround(alpha * (level - degenerate)));
    table[level] = value <= 0 ? 0 : value >= 255 ? 255 : value;
  }
  return table;
}

/** The same for all levels of the degenerate: entry degenerate * 256 + level. */
function blendTables(factor: number): Uint8Array {
  const tables = new Uint8Array(65536);
  for (let degenerate = 0; degenerate < 256; degenerate++) {
    blendTable(degenerate, factor, tables.subarray(degenerate * 256, degenerate * 256 + 256));
  }
  return tables;
}

/** Pillow's `ImageEnhance.Brightness`. */
export function brightness(factor: number): (image: RgbImage, target: Uint8Array) => void {
  const table = blendTable(0, factor);
  return (image, target) => applyTable(image, table, target);
}

/** Pillow's `ImageEnhance.Contrast`: away from or towards the frame's mean grey. */
export function contrast(factor: number): (image: RgbImage, target: Uint8Array) => void {
  return (image, target) => {
    const { data } = image;
    let sum = 0;
    for (let i = 0; i < data.length; i += 3) sum += luma(data, i);
    applyTable(image, blendTable(Math.trunc(sum / (data.length / 3) + 0.5), factor), target);
  };
}

/** Pillow's `ImageEnhance.Color`: away from or towards each pixel's grey. */
export function color(factor: number): (image: RgbImage, target: Uint8Array) => void {
  const tables = blendTables(factor);
  return ({ data }, target) => {
    for (let i = 0; i < data.length; i += 3) {
      const row = luma(data, i) << 8;
      target[i] = tables[row | (data[i] as number)] as number;
      target[i + 1] = tables[row | (data[i + 1] as number)] as number;
      target[i + 2] = tables[row | (data[i + 2] as number)] as number;
    }
  };
}

/** Rounded thirteenths. Pillow adds in single precision; sums are whole and never near a half, so the result is the same. */
const THIRTEENTHS = Uint8Array.from({ length: 255 * 13 + 1 }, (_, sum) => Math.floor((2 * sum + 13) / 26));

/** Pillow's `ImageEnhance.Sharpness`: away from or towards the smoothed frame (5 for the pixel, 1 for its neighbours). */
export function sharpness(factor: number): (image: RgbImage, target: Uint8Array) => void {
  const tables = blendTables(factor);
  return ({ data, width, height }, target) => {
    const row = width * 3;
    // Border pixels have no smoothed value: they stay.
    target.set(data);
    for (let y = 1; y < height - 1; y++) {
      for (let i = y * row + 3; i < (y + 1) * row - 3; i++) {
        const value = data[i] as number;
        const above = (data[i - row - 3] as number) + (data[i - row] as number) + (data[i - row + 3] as number);
        const beside = (data[i - 3] as number) + 5 * value + (data[i + 3] as number);
        const below = (data[i + row - 3] as number) + (data[i + row] as number) + (data[i + row + 3] as number);
        const smooth = THIRTEENTHS[above + beside + below] as number;
        target[i] = tables[(smooth << 8) | value] as number;
      }
    }
  };
}
