import { describe, expect, it } from 'vitest';
import { alignedLayers } from '../src/index.ts';

describe('aligned layers', () => {
  it.each([
    [12, 6, 1, [6, 7, 8, 9, 10, 11]],
    [24, 6, 1, [18, 19, 20, 21, 22, 23]],
    [12, 3, 1.5, [8, 10, 11]],
    [4, 2, 2, [1, 3]],
  ])('of a depth of %i, %i at interval %f, are those of the reference, ascending', (depth, count, interval, layers) => {
    expect(alignedLayers(depth, count, interval)).toEqual(layers);
  });

  it('must lie within the depth and differ', () => {
    expect(() => alignedLayers(4, 6, 1)).toThrow(/6 layers at interval 1 do not fit a depth of 4/);
    expect(() => alignedLayers(12, 3, 0.4)).toThrow(/do not fit/);
  });
});
