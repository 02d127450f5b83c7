import type { ResizeFilter, RgbImage } from '@umt/video';

/** What lies outside the frame: mid grey. */
const FILL = 128;

/** Output to input in pixels, edges at whole numbers: x' = a x + b y + c, y' = d x + e y + f. */
export type AffineMatrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Pillow's matrix of `rotate(degrees)`, counter-clockwise about the centre, coefficients rounded to 15 decimals. */
export function rotationMatrix(degrees: number, width: number, height: number): AffineMatrix {
  const turn = degrees < 0 ? (degrees % 360) + 360 : degrees % 360;
  const angle = -turn * (Math.PI / 180);
  const cosine = Number(Math.cos(angle).toFixed(15));
  const sine = Number(Math.sin(angle).toFixed(15));
  const x = width / 2;
  const y = height / 2;
  return [cosine, sine, cosine * -x + sine * -y + x, -sine, cosine, -sine * -x + cosine * -y + y];
}

/**
 * Pillow's `image.transform(image.size, AFFINE, matrix, filter, fillcolor=(128, 128, 128))`: double precision in its order
 * of operations, so that every level is the same.
 */
export function transformAffine(image: RgbImage, matrix: AffineMatrix, filter: ResizeFilter, target: Uint8Array): void {
  const { width, height } = image;
  const [a, b, c, d, e, f] = matrix;
  const sample = filter === 'bicubic' ? sampleBicubic : sampleBilinear;
  let o = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 3) {
      const sourceX = a * (x + 0.5) + b * (y + 0.5) + c;
      const sourceY = d * (x + 0.5) + e * (y + 0.5) + f;
      if (sourceX < 0 || sourceX >= width || sourceY < 0 || sourceY >= height) {
        target[o] = FILL;
        target[o + 1] = FILL;
        target[o + 2] = FILL;
      } else {
        sample(image, sourceX - 0.5, sourceY - 0.5, target, o);
      }
    }
  }
}

/** Index limited to 0..last: the border repeats. */
const limit = (index: number, last: number): number => (index < 0 ? 0 : index > last ? last : index);

function sampleBilinear({ data, width, height }: RgbImage, x: number, y: number, target: Uint8Array, o: number): void {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const dx = x - left;
  const dy = y - top;
  const c0 = limit(left, width - 1) * 3;
  const c1 = limit(left + 1, width - 1) * 3;
  const r0 = limit(top, height - 1) * width * 3;
  const r1 = limit(top + 1, height - 1) * width * 3;
  for (let channel = 0; channel < 3; channel++) {
    const upper = mix(data[r0 + c0 + channel] as number, data[r0 + c1 + channel] as number, dx);
    const lower = mix(data[r1 + c0 + channel] as number, data[r1 + c1 + channel] as number, dx);
    target[o + channel] = mix(upper, lower, dy);
  }
}

const mix = (from: number, to: number, part: number): number => from + (to - from) * part;

/** At a part of 0 a cubic is its second value: shears and shifts need one row or one column, with the same result. */
function sampleBicubic({ data, width, height }: RgbImage, x: number, y: number, target: Uint8Array, o: number): void {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const dx = x - left;
  const dy = y - top;
  const c0 = limit(left - 1, width - 1) * 3;
  const c1 = limit(left, width - 1) * 3;
  const c2 = limit(left + 1, width - 1) * 3;
  const c3 = limit(left + 2, width - 1) * 3;
  const r0 = limit(top - 1, height - 1) * width * 3;
  const r1 = limit(top, height - 1) * width * 3;
  const r2 = limit(top + 1, height - 1) * width * 3;
  const r3 = limit(top + 2, height - 1) * width * 3;
  for (let channel = 0; channel < 3; channel++) {
    let value: number;
    if (dy === 0) {
      value = between(data, r1 + c0 + channel, r1 + c1 + channel, r1 + c2 + channel, r1 + c3 + channel, dx);
    } else if (dx === 0) {
      value = between(data, r0 + c1 + channel, r1 + c1 + channel, r2 + c1 + channel, r3 + c1 + channel, dy);
    } else {
      const v0 = between(data, r0 + c0 + channel, r0 + c1 + channel, r0 + c2 + channel, r0 + c3 + channel, dx);
      const v1 = between(data, r1 + c0 + channel, r1 + c1 + channel, r1 + c2 + channel, r1 + c3 + channel, dx);
      const v2 = between(data, r2 + c0 + channel, r2 + c1 + channel, r2 + c2 + channel, r2 + c3 + channel, dx);
      const v3 = between(data, r3 + c0 + channel, r3 + c1 + channel, r3 + c2 + channel, r3 + c3 + channel, dx);
      value = cubic(v0, v1, v2, v3, dy);
    }
    target[o + channel] = value <= 0 ? 0 : value >= 255 ? 255 : value;
  }
}

/** The cubic through four places of the frame. */
function between(data: Uint8Array, p0: number, p1: number, p2: number, p3: number, part: number): number {
  return cubic(data[p0] as number, data[p1] as number, data[p2] as number, data[p3] as number, part);
}

/** Keys' cubic (a = -1), in Pillow's order of operations. */
function cubic(v1: number, v2: number, v3: number, v4: number, part: number): number {
  return v2 + part * (-v1 + v3 + part * (2 * (v1 - v2) + v3 - v4 + part * (-v1 + v2 - v3 + v4)));
}
