import { checkedBox } from './rgb-rows.ts';
import { roundHalfToEven } from './sampling/rules.ts';
import type { RgbImage } from './to-rgb.ts';

/** Weights have 11 fractional bits. */
const ONE = 2048;

/** Where an output of one axis comes from: `from` and `to` are neighbours, their weights are ONE - part and part. */
interface Neighbours {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly weight: Int32Array;
  readonly otherWeight: Int32Array;
}

/**
 * Resizes an 8-bit RGB image bilinearly without antialiasing, bit for bit as OpenCV's `resize` with INTER_LINEAR: weights
 * of 11 bits, sums cut after each pass, one rounding at the end. (What UMT's validation and test resize with.)
 *
 * @throws {VideoError} of kind 'bad-argument' when the size is no positive whole number.
 */
export function resizeRgbFixedPoint(
  image: RgbImage,
  { width, height }: { readonly width: number; readonly height: number },
): RgbImage {
  checkedBox(image, { width, height });
  if (width === image.width && height === image.height) return image;
  const columns = neighboursOf(image.width, width, 'columns');
  const rows = neighboursOf(image.height, height, 'rows');
  const data = new Uint8Array(width * height * 3);
  // Rows at the new width, kept while neighbouring outputs need them.
  let upper = { row: -1, values: new Int32Array(width * 3) };
  let lower = { row: -1, values: new Int32Array(width * 3) };
  for (let y = 0; y < height; y++) {
    const from = rows.from[y] as number;
    const to = rows.to[y] as number;
    if (lower.row === from) [upper, lower] = [lower, upper];
    if (upper.row !== from) upper = resizedRow(image, from, columns, upper.values);
    if (lower.row !== to) lower = resizedRow(image, to, columns, lower.values);
    const a = rows.weight[y] as number;
    const b = rows.otherWeight[y] as number;
    const above = upper.values;
    const below = lower.values;
    const o = y * width * 3;
    for (let i = 0; i < above.length; i++) {
      data[o + i] = (((a * ((above[i] as number) >> 4)) >> 16) + ((b * ((below[i] as number) >> 4)) >> 16) + 2) >> 2;
    }
  }
  return { data, width, height };
}

function resizedRow(
  { data, width }: RgbImage,
  row: number,
  { from, to, weight, otherWeight }: Neighbours,
  values: Int32Array<ArrayBuffer>,
): { readonly row: number; readonly values: Int32Array<ArrayBuffer> } {
  const start = row * width * 3;
  for (let x = 0, o = 0; x < from.length; x++, o += 3) {
    const p = start + (from[x] as number) * 3;
    const q = start + (to[x] as number) * 3;
    const a = weight[x] as number;
    const b = otherWeight[x] as number;
    values[o] = a * (data[p] as number) + b * (data[q] as number);
    values[o + 1] = a * (data[p + 1] as number) + b * (data[q + 1] as number);
    values[o + 2] = a * (data[p + 2] as number) + b * (data[q + 2] as number);
  }
  return { row, values };
}

/**
 * Half-pixel centres; positions in single precision and the scale as OpenCV computes it. Where a column lies outside the
 * image the border's weight is one; a row outside is taken twice, with both weights, each product cut.
 */
function neighboursOf(size: number, outputs: number, axis: 'columns' | 'rows'): Neighbours {
  const scale = 1 / (outputs / size);
  const last = size - 1;
  const neighbours = {
    from: new Int32Array(outputs),
    to: new Int32Array(outputs),
    weight: new Int32Array(outputs),
    otherWeight: new Int32Array(outputs),
  };
  for (let i = 0; i < outputs; i++) {
    const position = Math.fround((i + 0.5) * scale - 0.5);
    const floor = Math.floor(position);
    const isOutside = floor < 0 || floor >= last;
    const part = isOutside && axis === 'columns' ? 0 : Math.fround(position - floor);
    neighbours.from[i] = Math.min(last, Math.max(0, floor));
    neighbours.to[i] = Math.min(last, Math.max(0, floor + 1));
    neighbours.weight[i] = roundHalfToEven(Math.fround(1 - part) * ONE);
    neighbours.otherWeight[i] = roundHalfToEven(part * ONE);
  }
  return neighbours;
}
