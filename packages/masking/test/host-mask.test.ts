import * as fc from 'fast-check';
import { random } from '@umt/random';
import { describe, expect, it } from 'vitest';
import { hostVisible, maskOf, randomVisible, tubeVisible, visibleCount, visibleOf } from '../src/index.ts';

const GRID = { frames: 8, rows: 14, columns: 14 };
const stream = (index = 0) => random({ seed: 1, stream: 'test', index });

describe('the visible count', () => {
  it.each([
    [196, 0.8, 40], // the recipes: 320 of a clip of 8 frames
    [1568, 0.75, 392],
    [1568, 0.8, 314],
    [10, 0, 10],
    [10, 0.9, 1],
    [100, 0.57, 44], // 100 * 0.57 is 56.99999999999999, and the reference truncates
    [1, 0.99, 1],
  ])('of %i patches at ratio %f is the %i of the reference', (patches, ratio, visible) => {
    expect(visibleCount(patches, ratio)).toBe(visible);
  });

  it('needs a ratio that leaves something, and whole patches', () => {
    expect(() => visibleCount(196, 1)).toThrow(/must be in \[0, 1\), got 1/);
    expect(() => visibleCount(196, NaN)).toThrow(/got NaN/);
    expect(() => visibleCount(1.5, 0.5)).toThrow(/positive integer, got 1.5/);
  });
});

describe('tube masks', () => {
  it('keep the same patches in every frame', () => {
    const visible = tubeVisible(GRID, 0.75, stream());
    expect(visible).toHaveLength(8 * 49);
    const first = visible.subarray(0, 49);
    for (let frame = 0; frame < 8; frame++) {
      expect(Array.from(visible.subarray(frame * 49, (frame + 1) * 49))).toEqual(
        Array.from(first, (patch) => frame * 196 + patch),
      );
    }
  });

  it('choose every patch equally often', () => {
    const counts = new Float64Array(16);
    for (let draw = 0; draw < 4000; draw++) {
      for (const patch of tubeVisible({ frames: 1, rows: 4, columns: 4 }, 0.75, stream(draw)))
        counts[patch] = (counts[patch] ?? 0) + 1;
    }
    // 4 of 16 without replacement: variance of a count 4000 * 1/4 * 3/4, covariances make the statistic chi-square(15) * 16/15
    const statistic = counts.reduce((sum, count) => sum + (count - 1000) ** 2, 0) / 750;
    expect((statistic * 15) / 16).toBeLessThan(37.7); // p = 0.001
  });
});

describe('random masks', () => {
  it('keep tokens anywhere in the clip, in ascending order', () => {
    const visible = Array.from(randomVisible(GRID, 0.8, stream()));
    expect(visible).toHaveLength(314);
    expect([...new Set(visible)].sort((a, b) => a - b)).toEqual(visible);
    const perFrame = Array.from(
      { length: 8 },
      (_, frame) => visible.filter((token) => Math.floor(token / 196) === frame).length,
    );
    expect(new Set(perFrame).size).toBeGreaterThan(1);
  });
});

describe('masks of a batch', () => {
  it.each(['tube', 'random'] as const)('of kind %s depend for each clip on its own number alone', (kind) => {
    const grid = { frames: 2, rows: 4, columns: 4 };
    const together = hostVisible(kind, grid, 0.5, { seed: 1, step: 2, samples: [4, 9] });
    expect(together).toHaveLength(32);
    expect(together.subarray(16)).toEqual(hostVisible(kind, grid, 0.5, { seed: 1, step: 2, samples: [9] }));
    expect(together.subarray(0, 16)).not.toEqual(together.subarray(16));
    expect(hostVisible(kind, grid, 0.5, { seed: 1, step: 3, samples: [9] })).not.toEqual(together.subarray(16));
  });
});

describe('boolean masks', () => {
  it('are 1 where a token is dropped, and lead back to the visible tokens', () => {
    expect(maskOf(Int32Array.of(1, 3), 4)).toEqual(Uint8Array.of(1, 0, 1, 0));
    fc.assert(
      fc.property(fc.array(fc.boolean()), (dropped) => {
        const visible = visibleOf(dropped);
        expect(Array.from(maskOf(visible, dropped.length), Boolean)).toEqual(dropped);
      }),
    );
  });

  it('cannot name a token that is not there', () => {
    expect(() => maskOf(Int32Array.of(4), 4)).toThrow(/token 4 is not one of 4/);
  });
});
