import { createHash } from 'node:crypto';
import { random } from '@umt/random';
import { describe, expect, it } from 'vitest';
import { renderSpriteClip, SPRITE_CLASSES, type SpriteClass, type SpriteClip } from '../src/index.ts';
import { drawPalette, type Color } from '../src/palette.ts';
import { TEST_SHAPES, TRAIN_SHAPES } from '../src/shapes.ts';
import { stampOf } from '../src/stamp.ts';
import { overlapAfterTurn, watchSprite, type Seen } from './support/watch-sprite.ts';

const clip = (spriteClass: SpriteClass, index: number, split: 'train' | 'test' = 'train', frames = 8) =>
  renderSpriteClip({ spriteClass, split, seed: 5, index, frames });
const seen = (spriteClass: SpriteClass, index: number, split: 'train' | 'test' = 'train') =>
  watchSprite(clip(spriteClass, index, split));
const first = (frames: readonly Seen[]) => frames[0] ?? { area: NaN, x: NaN, y: NaN, mask: new Uint8Array() };
const last = (frames: readonly Seen[]) => frames.at(-1) ?? first([]);
const digest = ({ rgb }: SpriteClip) => createHash('sha256').update(rgb).digest('hex');
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('a clip', () => {
  it('is the same for the same options, and another for any other', () => {
    const options = { spriteClass: 'grow', split: 'train', seed: 5, index: 3 } as const;
    const one = renderSpriteClip(options);
    expect([one.rgb.length, one.size, one.frames]).toEqual([16 * 64 * 64 * 3, 64, 16]);
    expect(digest(renderSpriteClip(options))).toBe(digest(one));
    for (const change of [{ spriteClass: 'shrink' }, { split: 'test' }, { seed: 6 }, { index: 4 }] as const) {
      expect(digest(renderSpriteClip({ ...options, ...change }))).not.toBe(digest(one));
    }
  });

  it('has the size and length that were asked for', () => {
    const { rgb } = renderSpriteClip({ spriteClass: 'appear', split: 'test', seed: 1, index: 0, size: 96, frames: 8 });
    expect(rgb.length).toBe(8 * 96 * 96 * 3);
  });

  it('has a background that is textured and shakes', () => {
    for (const index of numbers(10)) {
      const { rgb } = clip('rotate-clockwise', index);
      const corner = (frame: number) => Array.from(rgb.subarray(frame * 64 * 64 * 3, frame * 64 * 64 * 3 + 60));
      expect(new Set(corner(0)).size).toBeGreaterThan(10);
      expect(corner(0)).not.toEqual(corner(1));
    }
  });

  it('refuses unknown classes, and sizes, lengths, seeds and numbers out of range', () => {
    const render = (changes: object) => () =>
      renderSpriteClip({ spriteClass: 'grow', split: 'train', seed: 1, index: 0, ...changes });
    expect(render({ spriteClass: 'explode' })).toThrow(/'explode' is no sprite class; they are move-left, move-right/);
    expect(render({ spriteClass: 'toString' })).toThrow(/'toString' is no sprite class/);
    expect(render({ size: 8 })).toThrow(/size must be a whole number from 16 on, got 8/);
    expect(render({ frames: 1 })).toThrow(/frames must be a whole number from 2 on, got 1/);
    expect(render({ seed: -1 })).toThrow(/seed must be an integer/);
    expect(render({ index: 0.5 })).toThrow(/index must be an integer/);
  });
});

describe('what a clip shows, found by looking at it', () => {
  it.each(['train', 'test'] as const)('the ten motions, in %s clips', (split) => {
    for (const index of numbers(10)) {
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
      expect(growth('grow')).toBeGreaterThan(1.5);
      expect(growth('shrink')).toBeLessThan(1 / 1.5);
      expect(first(seen('appear', index, split)).area).toBeLessThan(0.01);
      expect(last(seen('appear', index, split)).area).toBeGreaterThan(0.01);
      expect(first(seen('vanish', index, split)).area).toBeGreaterThan(0.01);
      expect(last(seen('vanish', index, split)).area).toBeLessThan(0.01);
      expect(turning(seen('rotate-clockwise', index, split))).toBeGreaterThan(0);
      expect(turning(seen('rotate-anticlockwise', index, split))).toBeLessThan(0);
    }
  });

  /** How much better a frame fits the next one turned clockwise than turned the other way. */
  function turning(frames: readonly Seen[]): number {
    return frames.slice(1, -2).reduce((sum, frame, place) => {
      const next = frames[place + 2] ?? frame;
      return sum + overlapAfterTurn(frame, next, 20) - overlapAfterTurn(frame, next, -20);
    }, 0);
  }

  it('the motion alone: what else changes is small', () => {
    for (const index of numbers(10)) {
      const across = seen('move-right', index).map(({ y }) => y);
      expect(Math.max(...across) - Math.min(...across)).toBeLessThan(0.15);
    }
  });
});

describe('opposite classes', () => {
  const PAIRS = [
    ['move-left', 'move-right'],
    ['move-up', 'move-down'],
    ['shrink', 'grow'],
    ['vanish', 'appear'],
    ['rotate-anticlockwise', 'rotate-clockwise'],
  ] as const;

  it('are all classes', () => {
    expect(PAIRS.flat().sort()).toEqual([...SPRITE_CLASSES].sort());
  });

  it.each(PAIRS)('%s is %s played backwards, clip by clip', (backwards, forwards) => {
    for (const index of numbers(5)) {
      const [one, other] = [clip(backwards, index, 'train', 6), clip(forwards, index, 'train', 6)];
      const length = 3 * one.size ** 2;
      const reversed = numbers(6).map((frame) => other.rgb.subarray((5 - frame) * length, (6 - frame) * length));
      expect(Buffer.concat(reversed).equals(one.rgb)).toBe(true);
      expect(Buffer.from(other.rgb).equals(one.rgb)).toBe(false);
    }
  });
});

describe('the splits', () => {
  it('share no shape', () => {
    const names = [...TRAIN_SHAPES, ...TEST_SHAPES].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const shown = (split: 'train' | 'test') =>
      new Set(numbers(120).map((index) => clip('appear', index, split, 2).shape));
    expect([...shown('train')].sort()).toEqual(TRAIN_SHAPES.map(({ name }) => name).sort());
    expect([...shown('test')].sort()).toEqual(TEST_SHAPES.map(({ name }) => name).sort());
  });

  it('share no hue, on the ground or on the sprite', () => {
    for (const [split, parity] of [
      ['train', 0],
      ['test', 1],
    ] as const) {
      for (const index of numbers(300)) {
        const { ground, body, edge, dot } = drawPalette(random({ seed: 2, stream: 'test', index }), split);
        for (const color of [...ground, body, edge, dot]) expect(Math.floor(hueOf(color) / 30) % 2).toBe(parity);
      }
    }
  });

  it('have shapes on which every turn can be seen', () => {
    for (const shape of [...TRAIN_SHAPES, ...TEST_SHAPES]) {
      const { codes, side } = stampOf(shape);
      const place = (x: number, y: number) => Math.round(y) * side + Math.round(x);
      for (let degrees = 30; degrees < 360; degrees += 30) {
        const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
        let [same, drawn] = [0, 0];
        for (const [point, code] of codes.entries()) {
          const [dx, dy] = [(point % side) - side / 2, Math.floor(point / side) - side / 2];
          const turned = codes[place(side / 2 + cos * dx - sin * dy, side / 2 + sin * dx + cos * dy)] ?? 0;
          if (code === 0 && turned === 0) continue;
          drawn++;
          if (code === turned) same++;
        }
        expect(same / drawn, `${shape.name} turned by ${degrees} degrees`).toBeLessThan(0.8);
      }
    }
  });

  /** Degrees. */
  function hueOf([red, green, blue]: Color): number {
    const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
    const sector =
      most === red
        ? (green - blue) / (most - least)
        : most === green
          ? 2 + (blue - red) / (most - least)
          : 4 + (red - green) / (most - least);
    return (60 * sector + 360) % 360;
  }
});
