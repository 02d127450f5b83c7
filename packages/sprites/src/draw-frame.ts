import type { Texture } from './ground.ts';
import type { Pose } from './pose.ts';
import { EXTENT, type Stamp } from './stamp.ts';
import { cosine, sine } from './circle.ts';

/** Points looked up in each pixel, one way. */
const SAMPLES = 3;

/** Fills a picture with the part of a texture that begins at (left, top), in pixels and between them. */
export function fillGround(out: Float32Array, size: number, { side, rgb }: Texture, left: number, top: number): void {
  const [column0, row0] = [Math.floor(left), Math.floor(top)];
  const [right, down] = [left - column0, top - row0];
  const upperLeft = (1 - right) * (1 - down);
  const upperRight = right * (1 - down);
  const lowerLeft = (1 - right) * down;
  const lowerRight = right * down;
  const below = 3 * side;
  for (let row = 0; row < size; row++) {
    let place = 3 * ((row0 + row) * side + column0);
    let to = 3 * row * size;
    for (let value = 0; value < 3 * size; value++, place++, to++) {
      out[to] =
        upperLeft * (rgb[place] ?? 0) +
        upperRight * (rgb[place + 3] ?? 0) +
        lowerLeft * (rgb[place + below] ?? 0) +
        lowerRight * (rgb[place + below + 3] ?? 0);
    }
  }
}

/**
 * Draws a sprite over a picture, each pixel the mean of the points in it.
 * @param colors RGB of each of the stamp's codes
 * @param pose in pixels
 */
export function drawStamp(
  out: Float32Array,
  size: number,
  { side, codes }: Stamp,
  colors: Float32Array,
  { x, y, radius, angle, opacity }: Pose,
): void {
  if (opacity === 0) return;
  const reach = radius * EXTENT * Math.SQRT2;
  const scale = side / (2 * EXTENT * radius);
  const [cos, sin] = [cosine(angle) * scale, sine(angle) * scale];
  const [top, bottom] = [Math.max(0, Math.floor(y - reach)), Math.min(size - 1, Math.ceil(y + reach))];
  const [left, right] = [Math.max(0, Math.floor(x - reach)), Math.min(size - 1, Math.ceil(x + reach))];
  const weight = opacity / (SAMPLES * SAMPLES);
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      let [covered, red, green, blue] = [0, 0, 0, 0];
      for (let sample = 0; sample < SAMPLES * SAMPLES; sample++) {
        const dx = column + ((sample % SAMPLES) + 0.5) / SAMPLES - x;
        const dy = row + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES - y;
        const stampColumn = Math.floor(side / 2 + cos * dx + sin * dy);
        const stampRow = Math.floor(side / 2 + cos * dy - sin * dx);
        if (stampColumn < 0 || stampRow < 0 || stampColumn >= side || stampRow >= side) continue;
        const code = codes[stampRow * side + stampColumn] ?? 0;
        if (code === 0) continue;
        covered++;
        red += colors[3 * code] ?? 0;
        green += colors[3 * code + 1] ?? 0;
        blue += colors[3 * code + 2] ?? 0;
      }
      if (covered === 0) continue;
      const place = 3 * (row * size + column);
      const rest = 1 - weight * covered;
      out[place] = rest * (out[place] ?? 0) + weight * red;
      out[place + 1] = rest * (out[place + 1] ?? 0) + weight * green;
      out[place + 2] = rest * (out[place + 2] ?? 0) + weight * blue;
    }
  }
}
