import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourceGrid } from '../src/source-grid.ts';

describe('the grid behind a number of positions', () => {
  it.each([
    [1568, 16, 8, 14],
    [3136, 16, 16, 14],
    [4608, 16, 8, 24],
    [9216, 16, 16, 24],
    [2048, 14, 8, 16],
    [4608, 14, 8, 24],
    [784, 16, 4, 14],
  ])('%i of %i-pixel patches is %i x %i', (positions, patch, frames, side) => {
    expect(sourceGrid(positions, { patch })).toEqual({ frames, rows: side, columns: side });
  });

  it.each([
    ['8 x 24 x 24 into 8 x 12 x 12', 4608, 12, 8, 8],
    ['8 x 24 x 24 into 16 x 12 x 12', 4608, 12, 16, 8],
    ['16 x 24 x 24 into 8 x 12 x 12', 9216, 12, 8, 16],
    ['8 x 2 x 2 into 8 x 4 x 4', 32, 4, 8, 8],
    ['4 x 2 x 2 into 4 x 4 x 4', 16, 4, 4, 4],
    ['2 x 4 x 4 into 4 x 4 x 4', 32, 4, 4, 2],
    ['4 x 4 x 4 into 16 x 4 x 4', 64, 4, 16, 4],
  ])('is that of the file, not of the model: %s', (_, positions, side, frames, expected) => {
    expect(sourceGrid(positions, { patch: 16, side, frames })?.frames).toBe(expected);
  });

  it('is a square one that makes so many positions, if it is any', () => {
    const hint = fc.option(fc.integer({ min: 1, max: 32 }), { nil: undefined });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), hint, hint, (positions, side, frames) => {
        const grid = sourceGrid(positions, { patch: 16, side, frames });
        if (!grid) return;
        expect(grid.frames * grid.rows * grid.columns).toBe(positions);
        expect(grid.rows).toBe(grid.columns);
      }),
    );
  });

  it('is found whenever its frames are known, unless frames of 224 x 224 make as many', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 40 }), (frames, side) => {
        const grid = sourceGrid(frames * side ** 2, { patch: 16, frames });
        if (grid?.rows !== 14) expect(grid).toEqual({ frames, rows: side, columns: side });
      }),
    );
  });
});
