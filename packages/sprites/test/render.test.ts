import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sine, cosine } from '../src/circle.ts';
import { SPRITE_CLASSES, renderSpriteClip, type SpriteClass, type SpriteClip, type SpriteSplit } from '../src/index.ts';
import { planClip } from '../src/plan-clip.ts';
import { PINNED, pinnedFrames } from './support/pinned.ts';
import { overlapAfterTurn, watchSprite, type Seen } from './support/watch-sprite.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const shape = (spriteClass: SpriteClass, index: number, split: SpriteSplit = 'train') =>
  renderSpriteClip({ spriteClass, split, seed: 5, index, size: 64, frames: 8, kinds: ['shape'] });
const seen = (spriteClass: SpriteClass, index: number, split?: SpriteSplit) =>
  watchSprite(shape(spriteClass, index, split));
const first = (frames: readonly Seen[]) => frames[0] ?? { area: NaN, x: NaN, y: NaN, mask: new Uint8Array() };
const last = (frames: readonly Seen[]) => frames.at(-1) ?? first([]);
const digest = ({ rgb }: SpriteClip) => createHash('sha256').update(rgb).digest('hex');

describe('a clip', () => {
  it('is the same for the same options, and another for any other', () => {
    const options = { spriteClass: 'grow', split: 'train', seed: 5, index: 3 } as const;
    const one = renderSpriteClip(options);
    expect([one.rgb.length, one.size, one.frames]).toEqual([16 * 96 * 96 * 3, 96, 16]);
    expect(digest(renderSpriteClip(options))).toBe(digest(one));
    for (const change of [{ spriteClass: 'shrink' }, { split: 'test' }, { seed: 6 }, { index: 4 }] as const) {
      expect(digest(renderSpriteClip({ ...options, ...change }))).not.toBe(digest(one));
    }
  });

  it('has these bytes on every machine: all classes, each split', () => {
    expect(createHash('sha256').update(pinnedFrames()).digest('hex')).toBe(PINNED);
  });

  it('has the size and length that were asked for', () => {
    const { rgb } = renderSpriteClip({ spriteClass: 'appear', split: 'test', seed: 1, index: 0, size: 80, frames: 9 });
    expect(rgb.length).toBe(9 * 80 * 80 * 3);
  });

  it('has a ground that is textured and shakes', () => {
    for (const index of numbers(10)) {
      const { rgb } = shape('rotate-clockwise', index);
      const corner = (frame: number) => Array.from(rgb.subarray(frame * 64 * 64 * 3, frame * 64 * 64 * 3 + 60));
      expect(new Set(corner(0)).size).toBeGreaterThan(10);
      expect(corner(0)).not.toEqual(corner(1));
    }
  });

  it('shows parts of given pictures behind the sprites', () => {
    const rgb = new Uint8Array(40 * 30 * 3).fill(200);
    const pictures = [{ width: 40, height: 30, rgb }];
    const clip = renderSpriteClip({ spriteClass: 'blink-twice', split: 'train', seed: 1, index: 0, pictures });
    const dark = clip.rgb.subarray(5 * 96 * 96 * 3, 6 * 96 * 96 * 3); // the sprite is not there
    expect([Math.min(...dark), Math.max(...dark)]).toEqual([200, 200]);
  });

  it('refuses unknown classes, splits and kinds, and sizes, lengths, seeds and numbers out of range', () => {
    const render = (changes: object) => () =>
      renderSpriteClip({ spriteClass: 'grow', split: 'train', seed: 1, index: 0, ...changes });
    expect(render({ spriteClass: 'explode' })).toThrow(/'explode' is no sprite class; they are move-right, move-left/);
    expect(render({ spriteClass: 'toString' })).toThrow(/'toString' is no sprite class/);
    expect(render({ split: 'dev' })).toThrow(/no split 'dev'; there is train, validation, test/);
    expect(render({ kinds: ['letters'] })).toThrow(/no kind 'letters'; there is shape, digit, emoji/);
    expect(render({ kinds: [] })).toThrow(/kinds must name at least one/);
    expect(render({ size: 8 })).toThrow(/size must be a whole number from 16 on, got 8/);
    expect(render({ frames: 7 })).toThrow(/frames must be a whole number from 8 on, got 7/);
    expect(render({ seed: -1 })).toThrow(/seed must be an integer/);
    expect(render({ index: 0.5 })).toThrow(/index must be an integer/);
  });
});

describe('what a clip shows, found by looking at it', () => {
  it.each(['train', 'validation', 'test'] as const)('motions of one sprite, in %s clips', (split) => {
    for (const index of numbers(4)) {
      const moved = (spriteClass: SpriteClass) => {
        const frames = seen(spriteClass, index, split);
        return { x: last(frames).x - first(frames).x, y: last(frames).y - first(frames).y };
      };
      const growth = (spriteClass: SpriteClass) => {
        const frames = seen(spriteClass, index, split);
        return last(frames).area / first(frames).area;
      };
      expect(moved('move-left').x).toBeLessThan(-0.15);
      expect(moved('move-right').x).toBeGreaterThan(0.15);
      expect(moved('move-up').y).toBeLessThan(-0.15);
      expect(moved('move-down').y).toBeGreaterThan(0.15);
      const slanting = moved('move-up-right');
      expect(Math.min(slanting.x, -slanting.y)).toBeGreaterThan(0.1);
      expect(growth('grow')).toBeGreaterThan(1.5);
      expect(growth('shrink')).toBeLessThan(1 / 1.5);
      expect(first(seen('appear', index, split)).area).toBeLessThan(last(seen('appear', index, split)).area / 2);
      expect(turning(seen('rotate-clockwise', index, split))).toBeGreaterThan(0);
      expect(turning(seen('rotate-anticlockwise', index, split))).toBeLessThan(0);
      expect(sweep(seen('orbit-clockwise', index, split))).toBeGreaterThan(0.3);
      expect(sweep(seen('orbit-anticlockwise', index, split))).toBeLessThan(-0.3);
      const speed = seen('accelerate', index, split).map(({ x, y }) => [x, y] as const);
      expect(stepLength(speed, 6)).toBeGreaterThan(2 * stepLength(speed, 0));
      const visible = (spriteClass: SpriteClass) =>
        seen(spriteClass, index, split).map(({ area }) => (area > 0.004 ? 1 : 0));
      expect(visible('blink-twice')).toEqual([1, 1, 0, 0, 1, 1, 0, 0]);
      expect(visible('blink-four-times')).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
    }
  });

  /** How much better a frame fits the next one turned clockwise than turned the other way. */
  function turning(frames: readonly Seen[]): number {
    return frames.slice(1, -2).reduce((sum, frame, place) => {
      const next = frames[place + 2] ?? frame;
      return sum + overlapAfterTurn(frame, next, 20) - overlapAfterTurn(frame, next, -20);
    }, 0);
  }

  /** Turns of the way around the middle of all places, clockwise. */
  function sweep(frames: readonly Seen[]): number {
    const [xs, ys] = [frames.map(({ x }) => x), frames.map(({ y }) => y)];
    const middle = (values: readonly number[]) => (Math.min(...values) + Math.max(...values)) / 2;
    const angles = frames.map(({ x, y }) => Math.atan2(y - middle(ys), x - middle(xs)) / (2 * Math.PI));
    return angles.slice(1).reduce((sum, angle, place) => {
      const step = angle - (angles[place] ?? NaN);
      return sum + step - Math.round(step);
    }, 0);
  }

  function stepLength(places: readonly (readonly [number, number])[], at: number): number {
    const [[x0, y0] = [NaN, NaN], [x1, y1] = [NaN, NaN]] = [places[at], places[at + 1]];
    return Math.hypot(x1 - x0, y1 - y0);
  }
});

describe('what the poses of two sprites do', () => {
  const gaps = (spriteClass: SpriteClass, index: number) => {
    const { actors } = planClip({ spriteClass, split: 'train', seed: 2, index });
    const [acts, other] = actors;
    return acts?.poses.map(({ x, y, radius }, frame) => {
      const pose = other?.poses[frame] ?? { x: NaN, y: NaN, radius: NaN };
      return Math.hypot(x - pose.x, y - pose.y) / (radius + pose.radius);
    });
  };
  const ends = (values: readonly number[] = []) => [values[0] ?? NaN, values.at(-1) ?? NaN] as const;

  it('they meet, part, catch up, cover and collide', () => {
    for (const index of numbers(20)) {
      for (const spriteClass of ['approach', 'push', 'chase', 'cover', 'merge', 'knock'] as const) {
        const [start, end] = ends(gaps(spriteClass, index));
        if (spriteClass === 'knock') expect(Math.abs(start - end)).toBeLessThan(0.3);
        else expect(end).toBeLessThan(start - 0.3);
      }
      for (const spriteClass of ['part', 'pull', 'escape', 'uncover', 'split'] as const) {
        const [start, end] = ends(gaps(spriteClass, index));
        expect(end).toBeGreaterThan(start + 0.3);
      }
      expect(Math.min(...(gaps('collide', index) ?? []))).toBeLessThan(1);
      expect(Math.max(...ends(gaps('cover', index)).slice(1))).toBeLessThan(0.15);
    }
  });

  it('stay in sight: the middles never leave the frame', () => {
    for (const spriteClass of SPRITE_CLASSES) {
      for (const index of numbers(20)) {
        for (const { poses } of planClip({ spriteClass, split: 'test', seed: 3, index }).actors) {
          for (const { x, y } of poses)
            expect(Math.max(Math.abs(x - 0.5), Math.abs(y - 0.5)), spriteClass).toBeLessThan(0.5);
        }
      }
    }
  });
});

describe('sine and cosine', () => {
  it('are those of the platform but for rounding', () => {
    for (let turns = -3; turns < 3; turns += 0.0137) {
      expect(Math.abs(sine(turns) - Math.sin(2 * Math.PI * turns))).toBeLessThan(1e-13);
      expect(Math.abs(cosine(turns) - Math.cos(2 * Math.PI * turns))).toBeLessThan(1e-13);
    }
  });
});
