import type { Texture } from './background.ts';
import type { Pose } from './motion.ts';
import type { Palette } from './palette.ts';
import { EXTENT, NOTHING, type Stamp } from './stamp.ts';

/** Points looked up in each pixel, one way. */
const SAMPLES = 3;

/** Fills a picture with the part of a texture that begins at (left, top), in pixels and between them. */
export function drawGround(out: Float32Array, size: number, { side, rgb }: Texture, left: number, top: number): void {
  const [column0, row0] = [Math.floor(left), Math.floor(top)];
  const [right, down] = [left - column0, top - row0];
  const weights = [(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down] as const;
  for (let row = 0; row < size; row++) {
    for (let value = 0; value < 3 * size; value++) {
      const place = 3 * ((row0 + row) * side + column0) + value;
      out[3 * row * size + value] =
        weights[0] * (rgb[place] ?? 0) +
        weights[1] * (rgb[place + 3] ?? 0) +
        weights[2] * (rgb[place + 3 * side] ?? 0) +
        weights[3] * (rgb[place + 3 * side + 3] ?? 0);
    }
  }
}

/**
 * Draws a sprite over a picture, each pixel the mean of the points in it.
 * @param pose in pixels
 */
export function drawSprite(
  out: Float32Array,
  size: number,
  { side, codes }: Stamp,
  palette: Palette,
  { x, y, radius, angle, opacity }: Pose,
): void {
  const reach = radius * EXTENT * Math.SQRT2;
  const scale = side / (2 * EXTENT * radius);
  const [cos, sin] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
  const counts = new Uint8Array(4); // of each code, in one pixel
  const [top, bottom] = [Math.max(0, Math.floor(y - reach)), Math.min(size - 1, Math.ceil(y + reach))];
  const [left, right] = [Math.max(0, Math.floor(x - reach)), Math.min(size - 1, Math.ceil(x + reach))];
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      counts.fill(0);
      for (let sample = 0; sample < SAMPLES * SAMPLES; sample++) {
        const dx = column + ((sample % SAMPLES) + 0.5) / SAMPLES - x;
        const dy = row + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES - y;
        const stampColumn = Math.floor(side / 2 + cos * dx + sin * dy);
        const stampRow = Math.floor(side / 2 + cos * dy - sin * dx);
        const isOn = stampColumn >= 0 && stampRow >= 0 && stampColumn < side && stampRow < side;
        const code = isOn ? (codes[stampRow * side + stampColumn] ?? NOTHING) : NOTHING;
        counts[code] = (counts[code] ?? 0) + 1;
      }
      const [nothing = 0, edge = 0, body = 0, dot = 0] = counts;
      if (nothing === SAMPLES * SAMPLES) continue;
      for (let channel = 0; channel < 3; channel++) {
        const place = 3 * (row * size + column) + channel;
        const ground = out[place] ?? 0;
        const drawn =
          edge * (palette.edge[channel] ?? 0) + body * (palette.body[channel] ?? 0) + dot * (palette.dot[channel] ?? 0);
        out[place] = (1 - opacity) * ground + (opacity * (nothing * ground + drawn)) / (SAMPLES * SAMPLES);
      }
    }
  }
}
