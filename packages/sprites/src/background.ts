import type { RandomStream } from '@umt/random';
import type { Color } from './palette.ts';

/** A picture in floats: RGB of 0 to 255, row by row. */
export interface Texture {
  /** Pixels of each side. */
  readonly side: number;
  readonly rgb: Float32Array;
}

/** A value from 0 to 1 at a place; the unit of length is the texture's side. */
type Field = (x: number, y: number) => number;

/** Draws a texture of two colours: clouds, bent stripes, bent checks or rings, and a fine grain over them. */
export function drawBackground(draw: RandomStream, [first, second]: readonly [Color, Color], side: number): Texture {
  const field = drawField(draw);
  const grain = draw.fillUniform(new Float32Array(side * side), -9, 9);
  const rgb = new Float32Array(side * side * 3);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const place = row * side + column;
      const share = field(column / side, row / side);
      for (let channel = 0; channel < 3; channel++) {
        const [from = 0, to = 0] = [first[channel], second[channel]];
        rgb[3 * place + channel] = from + (to - from) * share + (grain[place] ?? 0);
      }
    }
  }
  return { side, rgb };
}

function drawField(draw: RandomStream): Field {
  const between = (low: number, high: number) => low + (high - low) * draw.uniform();
  const kind = draw.integer(0, 3);
  const [coarse, fine] = [drawNoise(draw, 3), drawNoise(draw, 8)];
  const strength = between(0.06, 0.3);
  const bend = (x: number, y: number) => strength * (coarse(x, y) - 0.5);
  const [angle, cycles] = [between(0, 2 * Math.PI), between(3, 7)];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [centreX, centreY] = [between(0, 1), between(0, 1)];
  const wave = (phase: number) => 0.5 + 0.5 * Math.sin(2 * Math.PI * cycles * phase);
  const fields: readonly Field[] = [
    (x, y) => 0.65 * coarse(x, y) + 0.35 * fine(x, y),
    (x, y) => wave(cos * x + sin * y + bend(x, y)),
    (x, y) => {
      const moved = bend(x, y);
      const [along, across] = [wave(cos * x + sin * y + moved), wave(cos * y - sin * x + moved)];
      return along * across + (1 - along) * (1 - across);
    },
    (x, y) => wave(Math.sqrt((x - centreX) ** 2 + (y - centreY) ** 2) + bend(x, y)),
  ];
  return fields[kind] ?? fine;
}

/** Smoothed values on a grid of `cells` by `cells`. */
function drawNoise(draw: RandomStream, cells: number): Field {
  const values = draw.fillUniform(new Float32Array((cells + 1) ** 2));
  const at = (column: number, row: number) => values[row * (cells + 1) + column] ?? 0;
  return (x, y) => {
    const [column, row] = [Math.min(cells - 1, Math.floor(x * cells)), Math.min(cells - 1, Math.floor(y * cells))];
    const [right, down] = [smooth(x * cells - column), smooth(y * cells - row)];
    const upper = at(column, row) * (1 - right) + at(column + 1, row) * right;
    const lower = at(column, row + 1) * (1 - right) + at(column + 1, row + 1) * right;
    return upper * (1 - down) + lower * down;
  };
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}
