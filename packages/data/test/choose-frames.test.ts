import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseFrames } from '../src/shards/choose-frames.ts';

describe('which frames are kept', () => {
  const times = (count: number, fps: number) => ({
    frameCount: count,
    frameTimestamps: Float64Array.from({ length: count }, (_, i) => i / fps),
  });

  test('all, unless it is said otherwise', () => {
    expect(chooseFrames(times(4, 30), { frames: null, fps: null })).toEqual([0, 1, 2, 3]);
  });

  test('the middle ones of equal parts', () => {
    expect(chooseFrames(times(30, 30), { frames: 3, fps: null })).toEqual([5, 15, 25]);
    expect(chooseFrames(times(3, 30), { frames: 8, fps: null })).toEqual([0, 1, 2]);
  });

  test('those that are shown at each tick', () => {
    expect(chooseFrames(times(10, 30), { frames: null, fps: 10 })).toEqual([0, 3, 6, 9]);
    expect(chooseFrames(times(10, 30), { frames: null, fps: 12 })).toEqual([0, 2, 5, 7]);
    expect(chooseFrames(times(4, 5), { frames: null, fps: 30 })).toEqual([0, 1, 2, 3]);
    // A rate that changes: frames at 0, 1, 1.1, 1.2, 3 seconds.
    const frameTimestamps = Float64Array.of(0, 1, 1.1, 1.2, 3);
    expect(chooseFrames({ frameCount: 5, frameTimestamps }, { frames: null, fps: 1 })).toEqual([0, 1, 3, 4]);
    expect(chooseFrames(times(60, 30), { frames: 2, fps: 10 })).toEqual([15, 45]);
  });

  test('are ascending, there, and no more than wanted', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0.1, max: 90, noNaN: true }),
        (count, frames, fps) => {
          for (const choice of [
            { frames, fps: null },
            { frames, fps },
            { frames: null, fps },
          ]) {
            const chosen = chooseFrames(times(count, 25), choice);
            expect(chosen.length).toBeGreaterThan(0);
            if (choice.frames !== null) expect(chosen.length).toBeLessThanOrEqual(frames);
            for (const [i, one] of chosen.entries()) expect(one).toBeGreaterThan(chosen[i - 1] ?? -1);
            expect(chosen.at(-1)).toBeLessThan(count);
          }
        },
      ),
    );
  });
});
