import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { drawMultiScaleCrop, multiScaleCropSizes } from '@umt/data';
import { random } from '@umt/random';
import { applyColorJitter, drawColorJitter, type ColorJitter } from '../src/color-jitter.ts';

test('crop sizes of a 320 x 240 frame for 224: ten pairs of 240, 210, 180, 158', () => {
  const pairs = multiScaleCropSizes(320, 240, 224).map(([w, h]) => `${w}x${h}`);
  expect(pairs).toEqual('240x240 210x240 240x210 210x210 180x210 210x180 180x180 158x180 180x158 158x158'.split(' '));
});

test('a side less than 3 pixels from the output size becomes it', () => {
  const sides = (short: number) => [...new Set(multiScaleCropSizes(400, short, 224).map(([w]) => w))];
  expect(sides(256)).toEqual([256, 224, 192, 168]);
  expect(sides(258)).toEqual([258, 224, 193, 170]); // trunc(225.75) = 225, one away
  expect(sides(259)).toEqual([259, 224, 194, 170]); // 226, two away
  expect(sides(260)).toEqual([260, 227, 195, 171]); // 227, three away
  expect(sides(226)).toEqual([224, 197, 169, 149]);
  expect(sides(223)).toEqual([223, 195, 167, 147]); // 224 would stick out of the frame
});

test('a crop lies at one of thirteen places', () => {
  // 100 x 100 for 66: the free room of a 66 x 66 crop is 34, its quarter 8.
  const places = new Set<string>();
  for (let index = 0; index < 3000; index++) {
    const [x0, y0, x1, y1] = drawMultiScaleCrop(100, 100, 66, random({ seed: 1, stream: 'crop', index }));
    if (x1 - x0 === 66 && y1 - y0 === 66) places.add(`${x0},${y0}`);
  }
  const expected = '0,0 32,0 0,32 32,32 16,16 0,16 32,16 16,32 16,0 8,8 24,8 8,24 24,24'.split(' ');
  expect([...places].sort()).toEqual(expected.sort());
});

test('sizes and places are equally likely', () => {
  const sizes = new Map<string, number>();
  const places = new Map<string, number>();
  for (let index = 0; index < 26_000; index++) {
    const [x0, y0, x1, y1] = drawMultiScaleCrop(1000, 800, 224, random({ seed: 2, stream: 'crop', index }));
    const size = `${x1 - x0}x${y1 - y0}`;
    sizes.set(size, (sizes.get(size) ?? 0) + 1);
    if (size === '528x528') places.set(`${x0},${y0}`, (places.get(`${x0},${y0}`) ?? 0) + 1);
  }
  const chiSquare = (counts: readonly number[]) => {
    const expected = counts.reduce((a, b) => a + b) / counts.length;
    return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  };
  expect(sizes.size).toBe(10);
  expect(places.size).toBe(13);
  // Upper 0.1 % points for 9 and 12 degrees of freedom.
  expect(chiSquare([...sizes.values()])).toBeLessThan(27.88);
  expect(chiSquare([...places.values()])).toBeLessThan(32.91);
});

test('crops stay inside frames of any size', () => {
  const side = fc.integer({ min: 1, max: 2000 });
  fc.assert(
    fc.property(side, side, fc.integer({ min: 1, max: 400 }), fc.nat(), (width, height, size, seed) => {
      const [x0, y0, x1, y1] = drawMultiScaleCrop(width, height, size, random({ seed, stream: 'crop' }));
      expect(x0 >= 0 && y0 >= 0 && x1 > x0 && y1 > y0 && x1 <= width && y1 <= height).toBe(true);
    }),
  );
});

test("colour jitter is Pillow's, up to its rounding after every step", () => {
  const url = new URL('./fixtures/color-jitter.json', import.meta.url);
  const fixture = JSON.parse(readFileSync(url, 'utf8')) as {
    readonly pixels: readonly number[];
    readonly cases: readonly { readonly jitter: ColorJitter; readonly pixels: readonly number[] }[];
  };
  for (const { jitter, pixels } of fixture.cases) {
    const rgb = Float32Array.from(fixture.pixels, (value) => value / 255);
    applyColorJitter(rgb, jitter);
    const difference = pixels.map((value, i) => Math.abs(value - 255 * (rgb[i] ?? 0)));
    // Each step of Pillow's cuts fractions off, and rounds the grey that it mixes in.
    const bound = jitter.reduce((error, [, factor]) => error * factor + 1 + 0.5 * Math.abs(1 - factor), 0);
    expect(Math.max(...difference)).toBeLessThan(bound);
  }
});

test('jitter factors are uniform in [max(0, 1 - strength), 1 + strength], in every order', () => {
  const orders = new Set<string>();
  const factors: number[] = [];
  for (let index = 0; index < 600; index++) {
    const jitter = drawColorJitter(0.4, random({ seed: 3, stream: 'color', index }));
    orders.add(jitter.map(([name]) => name).join());
    factors.push(...jitter.map(([, factor]) => factor));
  }
  expect(orders.size).toBe(6);
  expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.6);
  expect(Math.max(...factors)).toBeLessThan(1.4);
  // The mean of 1800 uniform numbers: standard error 0.8 / sqrt(12 * 1800) = 0.0054.
  expect(Math.abs(factors.reduce((a, b) => a + b) / factors.length - 1)).toBeLessThan(0.02);
  const wide = drawColorJitter(2, random({ seed: 3, stream: 'color' }));
  expect(wide.every(([, factor]) => factor >= 0 && factor < 3)).toBe(true);
});
