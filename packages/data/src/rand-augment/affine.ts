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

/** The four columns or rows around a position, as offsets; reused, because a sample must allocate nothing. */
const columns = new Int32Array(4);
const rows = new Int32Array(4);

function neighbours(first: number, size: number, step: number, offsets: Int32Array): void {
  const last = size - 1;
  for (let i = 0; i < 4; i++) {
    const at = first + i;
    offsets[i] = (at < 0 ? 0 : at > last ? last : at) * step;
  }
}

function sampleBilinear({ data, width, height }: RgbImage, x: number, y: number, target: Uint8Array, o: number): void {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const dx = x - left;
  const dy = y - top;
  neighbours(left, width, 3, columns);
  neighbours(top, height, width * 3, rows);
  const column0 = columns[0] as number;
  const column1 = columns[1] as number;
  const row0 = rows[0] as number;
  const row1 = rows[1] as number;
  for (let channel = 0; channel < 3; channel++) {
    const upper = mix(data[row0 + column0 + channel] as number, data[row0 + column1 + channel] as number, dx);
    const lower = mix(data[row1 + column0 + channel] as number, data[row1 + column1 + channel] as number, dx);
    target[o + channel] = mix(upper, lower, dy);
  }
}

const mix = (from: number, to: number, part: number): number => from + (to - from) * part;

function sampleBicubic({ data, width, height }: RgbImage, x: number, y: number, target: Uint8Array, o: number): void {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const dx = x - left;
  const dy = y - top;
  neighbours(left - 1, width, 3, columns);
  neighbours(top - 1, height, width * 3, rows);
  for (let channel = 0; channel < 3; channel++) {
    const value =
      dy === 0
        ? rowValue(data, (rows[1] as number) + channel, dx)
        : cubic(
            rowValue(data, (rows[0] as number) + channel, dx),
            rowValue(data, (rows[1] as number) + channel, dx),
            rowValue(data, (rows[2] as number) + channel, dx),
            rowValue(data, (rows[3] as number) + channel, dx),
            dy,
          );
    target[o + channel] = value <= 0 ? 0 : value >= 255 ? 255 : value;
  }
}

/** A row's value between its columns. At a part of 0 the cubic is its second value: shears and shifts are cheap. */
function rowValue(data: Uint8Array, at: number, part: number): number {
  if (part === 0) return data[at + (columns[1] as number)] as number;
  return cubic(
    data[at + (columns[0] as number)] as number,
    data[at + (columns[1] as number)] as number,
    data[at + (columns[2] as number)] as number,
    data[at + (columns[3] as number)] as number,
    part,
  );
}

/** Keys' cubic (a = -1), in Pillow's order of operations. */
function cubic(v1: number, v2: number, v3: number, v4: number, part: number): number {
  return v2 + part * (-v1 + v3 + part * (2 * (v1 - v2) + v3 - v4 + part * (-v1 + v2 - v3 + v4)));
}
