import type { RandomStream } from '@umt/random';

/** A value from 0 to 1 at a place; the unit of length is the texture's side. */
export type Field = (x: number, y: number) => number;

/** Smoothed values on a grid of `cells` by `cells`. */
export function drawNoise(draw: RandomStream, cells: number): Field {
  const values = draw.fillUniform(new Float32Array((cells + 1) ** 2));
  const at = (column: number, row: number) => values[row * (cells + 1) + column] ?? 0;
  return (x, y) => {
    const [column, row] = [cellOf(x, cells), cellOf(y, cells)];
    const [right, down] = [smooth(x * cells - column), smooth(y * cells - row)];
    const upper = at(column, row) * (1 - right) + at(column + 1, row) * right;
    const lower = at(column, row + 1) * (1 - right) + at(column + 1, row + 1) * right;
    return upper * (1 - down) + lower * down;
  };
}

/** Noise on ever finer grids, each of half the height of the one before: rough as rock, clouds and skylines are. */
export function drawRoughness(draw: RandomStream, coarsest: number, octaves: number): Field {
  const layers = Array.from({ length: octaves }, (_, octave) => drawNoise(draw, coarsest * 2 ** octave));
  const whole = 2 - 2 ** (1 - octaves);
  return (x, y) => layers.reduce((sum, layer, octave) => sum + layer(x, y) / 2 ** octave, 0) / whole;
}

function cellOf(place: number, cells: number): number {
  return Math.min(cells - 1, Math.max(0, Math.floor(place * cells)));
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}
