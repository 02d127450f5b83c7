import { random } from '@umt/random';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { emojiModule } from '../scripts/make-emoji.mjs';
import { SPRITE_KINDS, SPRITE_SPLITS } from '../src/index.ts';
import { COLOR_NAMES, drawHue, drawPaint, fromHsl, paletteOf } from '../src/palette.ts';
import { planClip } from '../src/plan-clip.ts';
import { spritesOf } from '../src/sprites.ts';
import { stampOf } from '../src/stamp.ts';

describe('the splits', () => {
  it('share no sprite: other shapes, other emoji, digits written otherwise', () => {
    for (const kind of SPRITE_KINDS) {
      const looks = SPRITE_SPLITS.flatMap((split) =>
        spritesOf(split, kind).map((sprite) => Buffer.from(stampOf(sprite).codes).toString('base64')),
      );
      expect(new Set(looks).size).toBe(looks.length);
    }
    for (const kind of ['shape', 'emoji'] as const) {
      const names = SPRITE_SPLITS.flatMap((split) => spritesOf(split, kind).map(({ name }) => name));
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('write the digits in ways that differ in a good part of their points', () => {
    for (let digit = 0; digit < 10; digit++) {
      const [train, ...others] = SPRITE_SPLITS.map(
        (split) => stampOf(spritesOf(split, 'digit')[digit] ?? nothing()).codes,
      );
      for (const codes of others) {
        const differing = codes.filter((code, point) => code !== train?.[point]).length;
        expect(differing / codes.filter((code) => code !== 0).length).toBeGreaterThan(0.2);
      }
    }
  });

  it.each(SPRITE_SPLITS)('%s clips show all sprites of their own', (split) => {
    for (const kind of SPRITE_KINDS) {
      const shown = new Set(
        Array.from({ length: 300 }, (_, index) => {
          const { actors } = planClip({ spriteClass: 'appear', split, seed: 5, index, kinds: [kind] });
          return actors[0]?.sprite.name;
        }),
      );
      expect([...shown].sort()).toEqual(spritesOf(split, kind).map(({ name }) => name).sort()); // prettier-ignore
    }
  });

  it('share no hue: each has its own third of every colour', () => {
    for (const [place, split] of SPRITE_SPLITS.entries()) {
      const draw = random({ seed: 2, stream: 'test', index: place });
      for (let count = 0; count < 600; count++) {
        const hue = (drawHue(draw, split) + 360) % 360;
        const slice = Math.floor((hue + 30) / 20) % 18;
        const [zone, part] = [Math.floor(slice / 3), slice % 3];
        expect((part - zone + 6) % 3).toBe([1, 2, 0][place]);
      }
    }
  });

  it('name a colour by its hue', () => {
    const draw = random({ seed: 3, stream: 'test' });
    for (const split of SPRITE_SPLITS) {
      for (const [zone, name] of COLOR_NAMES.entries()) {
        for (const isDark of [true, false]) {
          const { body } = paletteOf(drawPaint(draw, split, name), isDark);
          const hue = hueOf(body);
          const distance = Math.abs(((hue - 60 * zone + 540) % 360) - 180);
          expect(distance).toBeLessThan(30);
        }
      }
    }
    expect(fromHsl(0, 1, 0.5)).toEqual([255, 0, 0]);
    expect(fromHsl(-120, 1, 0.5)).toEqual([0, 0, 255]);
  });

  it('have shapes on which every turn can be seen', () => {
    for (const sprite of SPRITE_SPLITS.flatMap((split) => spritesOf(split, 'shape'))) {
      const { codes, side } = stampOf(sprite);
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
        expect(same / drawn, `${sprite.name} turned by ${degrees} degrees`).toBeLessThan(0.8);
      }
    }
  });

  /** Degrees. */
  function hueOf([red, green, blue]: readonly [number, number, number]): number {
    const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
    const sector =
      most === red
        ? (green - blue) / (most - least)
        : most === green
          ? 2 + (blue - red) / (most - least)
          : 4 + (red - green) / (most - least);
    return (60 * sector + 360) % 360;
  }

  function nothing(): never {
    throw new Error('there is no such sprite');
  }
});

it('the emoji are those of the icon package', async () => {
  const path = new URL('../src/emoji-pictures.ts', import.meta.url);
  expect(await emojiModule()).toBe(readFileSync(path, 'utf8'));
});
