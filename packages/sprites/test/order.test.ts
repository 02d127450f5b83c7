import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { frameOrder } from '../src/classes.ts';
import { orderBlindCeiling, partnerOf, renderSpriteClip, SPRITE_CLASSES, type SpriteClass } from '../src/index.ts';

/** Classes that hold the same frames backwards. */
const OPPOSITES: readonly (readonly [SpriteClass, SpriteClass])[] = [
  ...([['move-right', 'move-left'], ['move-down', 'move-up'], ['move-down-right', 'move-up-left']] as const), // prettier-ignore
  ...([['move-up-right', 'move-down-left'], ['grow', 'shrink'], ['appear', 'vanish']] as const), // prettier-ignore
  ...([['rotate-clockwise', 'rotate-anticlockwise'], ['orbit-clockwise', 'orbit-anticlockwise']] as const), // prettier-ignore
  ...([['accelerate', 'decelerate'], ['spiral-out', 'spiral-in'], ['bounce-lower', 'bounce-higher']] as const), // prettier-ignore
  ...([['approach', 'part'], ['push', 'pull'], ['chase', 'escape'], ['cover', 'uncover'], ['merge', 'split']] as const), // prettier-ignore
  ...([['circle-clockwise', 'circle-anticlockwise'], ['left-first', 'right-first']] as const), // prettier-ignore
];
/** Classes that hold the same frames twice as fast, twice. */
const DOUBLED: typeof OPPOSITES = [
  ['blink-twice', 'blink-four-times'],
  ['swing-once', 'swing-twice'],
];

const frames = (spriteClass: SpriteClass, index: number, count: number): readonly string[] => {
  const { rgb, size } = renderSpriteClip({ spriteClass, split: 'train', seed: 5, index, size: 32, frames: count });
  const length = 3 * size ** 2;
  return Array.from({ length: count }, (_, frame) =>
    createHash('sha1')
      .update(rgb.subarray(frame * length, (frame + 1) * length))
      .digest('hex'),
  );
};

describe('classes that only the order of the frames tells apart', () => {
  it('are 40 of 48: 28 of one sprite and 20 of two', () => {
    const paired = [...OPPOSITES, ...DOUBLED].flat();
    expect(new Set(paired).size).toBe(40);
    expect(SPRITE_CLASSES.filter((one) => partnerOf(one) !== null).sort()).toEqual([...paired].sort());
    for (const [one, other] of [...OPPOSITES, ...DOUBLED])
      expect([partnerOf(one), partnerOf(other)]).toEqual([other, one]);
    const isOfTwo = (one: SpriteClass) =>
      renderSpriteClip({ spriteClass: one, split: 'test', seed: 1, index: 0, size: 16, frames: 8 }).sprites.length ===
      2;
    expect([SPRITE_CLASSES.length, SPRITE_CLASSES.filter(isOfTwo).length]).toEqual([48, 20]);
  });

  it.each(OPPOSITES)('%s is %s played backwards, clip by clip', (one, other) => {
    for (const [index, count] of [8, 9, 16].entries()) {
      const forwards = frames(one, index, count);
      expect(frames(other, index, count)).toEqual([...forwards].reverse());
      expect(new Set(forwards).size).toBe(count);
    }
  });

  it.each(DOUBLED)('%s is %s at half speed, clip by clip', (one, other) => {
    for (const [index, count] of [8, 9, 16].entries()) {
      const slow = frames(one, index, count);
      const fast = [...slow.filter((_, place) => place % 2 === 0), ...slow.filter((_, place) => place % 2 === 1)];
      expect(frames(other, index, count)).toEqual(fast);
    }
  });

  it('leave a model that knows no order 28 of 48, and one of two within a pair', () => {
    expect(orderBlindCeiling()).toBeCloseTo(28 / 48, 12);
    expect(orderBlindCeiling(['grow', 'shrink'])).toBe(0.5);
    expect(orderBlindCeiling(['grow', 'move-up', 'zigzag'])).toBe(1);
    expect(orderBlindCeiling(['grow', 'shrink', 'zigzag', 'swap'])).toBe(0.75);
  });
});

it('a doubled order shows every frame once', () => {
  expect(frameOrder('doubled', 8)).toEqual([0, 2, 4, 6, 1, 3, 5, 7]);
  expect(frameOrder('doubled', 9)).toEqual([0, 2, 4, 6, 8, 1, 3, 5, 7]);
});
