import { rgbPicture } from './picture.ts';
import { checkedBox, type ResizeGeometry } from './rgb-rows.ts';
import { resizeTaps, type Taps } from './taps.ts';
import { resampleToRgb, type RgbImage } from './to-rgb.ts';
import { VideoError } from './video-error.ts';

/** Fractional bits of Pillow's weights: 32 less 8 for the sample and 2 for overshoot. */
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);

/**
 * Crops and resizes an 8-bit RGB image.
 *
 * Antialiased (the default) it equals Pillow's `image.crop(box).resize((width, height), BILINEAR or BICUBIC)` bit for bit
 * for boxes of whole pixels: the same fixed-point weights, horizontal pass first, rounded to 8 bits between the passes.
 * Otherwise it has the geometry of PyTorch's `interpolate` and OpenCV's `resize`, rounded once.
 *
 * @throws {VideoError} of kind 'bad-argument' when the image, the box or the size does not fit.
 */
export function resizeRgb(image: RgbImage, geometry: ResizeGeometry): RgbImage {
  const { filter = 'bilinear', antialias = true, width, height } = geometry;
  if (image.data.length !== image.width * image.height * 3) {
    throw new VideoError(
      'bad-argument',
      `${image.data.length} bytes are no ${image.width}x${image.height} RGB image: give width * height * 3`,
    );
  }
  if (!antialias) return resampleToRgb(rgbPicture(image.data, image.width, image.height), geometry);
  const [x0, y0, x1, y1] = checkedBox(image, geometry);
  const horizontal = resizeTaps({ size: image.width, from: x0, to: x1, outputs: width }, filter, true);
  const vertical = resizeTaps({ size: image.height, from: y0, to: y1, outputs: height }, filter, true);
  const rows = resizeRows(image, horizontal, width, vertical.low, vertical.high);
  return { data: resizeColumns(rows, vertical, width, height), width, height };
}

/** Rows low..high of the image at the new width. */
function resizeRows(image: RgbImage, taps: Taps, width: number, low: number, high: number): Uint8Array {
  const weights = fixedPoint(taps.weights);
  const out = new Uint8Array((high - low) * width * 3);
  let o = 0;
  for (let y = low; y < high; y++) {
    const row = y * image.width * 3;
    for (let i = 0; i < width; i++, o += 3) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let p = row + (taps.start[i] as number) * 3;
      const end = (i + 1) * taps.width;
      for (let w = i * taps.width; w < end; w++, p += 3) {
        const weight = weights[w] as number;
        red = (red + weight * (image.data[p] as number)) | 0;
        green = (green + weight * (image.data[p + 1] as number)) | 0;
        blue = (blue + weight * (image.data[p + 2] as number)) | 0;
      }
      out[o] = clip(red);
      out[o + 1] = clip(green);
      out[o + 2] = clip(blue);
    }
  }
  return out;
}

/** The vertical pass over rows that start at taps.low. */
function resizeColumns(rows: Uint8Array, taps: Taps, width: number, height: number): Uint8Array {
  const weights = fixedPoint(taps.weights);
  const length = width * 3;
  const out = new Uint8Array(height * length);
  const sums = new Int32Array(length);
  for (let i = 0; i < height; i++) {
    sums.fill(HALF);
    for (let j = 0; j < taps.width; j++) {
      const weight = weights[i * taps.width + j] as number;
      if (weight === 0) continue;
      const at = ((taps.start[i] as number) + j - taps.low) * length;
      for (let x = 0; x < length; x++) sums[x] = (sums[x] as number) + weight * (rows[at + x] as number);
    }
    const o = i * length;
    for (let x = 0; x < length; x++) out[o + x] = clip(sums[x] as number);
  }
  return out;
}

function clip(sum: number): number {
  const value = sum >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** Weights as Pillow rounds them: half away from zero. */
function fixedPoint(weights: Float64Array): Int32Array {
  return Int32Array.from(weights, (weight) => Math.trunc(weight * 2 ** PRECISION_BITS + (weight < 0 ? -0.5 : 0.5)));
}
