import type { SpriteClip } from '../../src/index.ts';

/** What one frame shows of the sprite. */
export interface Seen {
  /** Share of the frame's pixels that show the sprite's body. */
  readonly area: number;
  /** Mean place of these pixels, in shares of the side; NaN where there is none. */
  readonly x: number;
  readonly y: number;
  /** 1 where a pixel shows it. */
  readonly mask: Uint8Array;
}

/**
 * Finds the sprite in each frame without knowing how it was drawn: its body is lighter than a dark ground, or darker than
 * a light one.
 */
export function watchSprite({ rgb, frames, size }: SpriteClip): readonly Seen[] {
  const pixels = size * size;
  const lightness = new Float32Array(frames * pixels);
  for (let pixel = 0; pixel < lightness.length; pixel++) {
    const [red, green, blue] = [rgb[3 * pixel] ?? 0, rgb[3 * pixel + 1] ?? 0, rgb[3 * pixel + 2] ?? 0];
    lightness[pixel] = (Math.max(red, green, blue) + Math.min(red, green, blue)) / 510;
  }
  const isDark = (lightness.slice(0, pixels).sort()[pixels >> 1] ?? NaN) < 0.5;
  return Array.from({ length: frames }, (_, frame) => {
    const mask = new Uint8Array(pixels);
    let [count, x, y] = [0, 0, 0];
    for (let pixel = 0; pixel < pixels; pixel++) {
      const value = lightness[frame * pixels + pixel] ?? NaN;
      if (isDark ? value <= 0.56 : value >= 0.43) continue;
      mask[pixel] = 1;
      [count, x, y] = [count + 1, x + (pixel % size), y + Math.floor(pixel / size)];
    }
    return { area: count / pixels, x: x / count / size, y: y / count / size, mask };
  });
}

/** How well two masks of one frame size agree when the first is turned clockwise about its centre: intersection over union. */
export function overlapAfterTurn(first: Seen, second: Seen, degrees: number): number {
  const size = Math.sqrt(first.mask.length);
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  let [both, either] = [0, 0];
  for (const [pixel, shown] of second.mask.entries()) {
    const [dx, dy] = [(pixel % size) - second.x * size, Math.floor(pixel / size) - second.y * size];
    const column = Math.round(first.x * size + cos * dx + sin * dy);
    const row = Math.round(first.y * size + cos * dy - sin * dx);
    const isOn = column >= 0 && row >= 0 && column < size && row < size;
    const before = isOn ? (first.mask[row * size + column] ?? 0) : 0;
    both += before & shown;
    either += before | shown;
  }
  return both / either;
}
