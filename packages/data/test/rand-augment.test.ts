import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DataError } from '@umt/data';
import { random } from '@umt/random';
import type { RgbImage } from '@umt/video';
import { parseRandAugment } from '../src/rand-augment/config.ts';
import { drawOperations, operationValue, type DrawnOperation } from '../src/rand-augment/draw.ts';
import { FrameAugmenter } from '../src/rand-augment/operations.ts';

interface Case extends DrawnOperation {
  readonly image: string;
  readonly magnitude: number;
  readonly increasing: boolean;
  readonly sign: number;
  readonly bytes: string;
}

const fixture = JSON.parse(readFileSync(new URL('./fixtures/rand-augment.json', import.meta.url), 'utf8')) as {
  readonly width: number;
  readonly height: number;
  readonly images: Readonly<Record<string, string>>;
  readonly cases: readonly Case[];
};

const imageOf = (name: string): RgbImage => ({
  data: new Uint8Array(Buffer.from(fixture.images[name] ?? '', 'base64')),
  width: fixture.width,
  height: fixture.height,
});

test.each(fixture.cases)(
  "$name of $image at $magnitude ($filter, sign $sign, increasing $increasing) is Pillow's, level for level",
  ({ name, image, magnitude, increasing, sign, filter, value, bytes }) => {
    expect(operationValue(name, magnitude, increasing, sign)).toBe(value);
    const made = new FrameAugmenter([{ name, value, filter }]).apply(imageOf(image));
    expect(Buffer.from(made.data).toString('base64')).toBe(bytes);
  },
);

test('the fixture covers all fifteen operations, and each changes some picture', () => {
  expect(new Set(fixture.cases.map(({ name }) => name)).size).toBe(15);
  const changed = fixture.cases.filter(({ image, bytes }) => bytes !== fixture.images[image]);
  expect(new Set(changed.map(({ name }) => name)).size).toBe(15);
});

test("the reference's policies are read", () => {
  expect(parseRandAugment('rand-m7-n4-mstd0.5-inc1')).toEqual({
    magnitude: 7,
    magnitudeStd: 0.5,
    count: 4,
    isIncreasing: true,
    isWeighted: false,
  });
  expect(parseRandAugment('rand-m9-mstd0.5-w0')).toMatchObject({ magnitude: 9, count: 2, isWeighted: true });
  expect(parseRandAugment('rand-inc0')).toMatchObject({ magnitude: 10, magnitudeStd: 0, isIncreasing: false });
});

test.each([
  ['augmix-m3', 'randAugment "augmix-m3": must begin with "rand"'],
  ['rand-m11', 'randAugment "rand-m11": m must be at most 10, got 11'],
  ['rand-n0', 'randAugment "rand-n0": n must be a whole number from 1 to 1000, got 0'],
  ['rand-w0-n14', 'n must be a whole number from 1 to 13, got 14'],
  ['rand-mstd', 'randAugment "rand-mstd": "mstd" is none of m0 to m10, mstd0 or more'],
  ['rand-m5-m6', 'm is given twice'],
  ['rand-inc2', '"inc2" is none of'],
  ['rand-p0.5', '"p0.5" is none of'],
  ['rand-constructor1', '"constructor1" is none of'],
  ['', 'must begin with "rand"'],
])('refuses the policy %j', (text, message) => {
  expect(() => parseRandAugment(text)).toThrow(DataError);
  expect(() => parseRandAugment(text)).toThrow(message);
});

test('a policy that was written is read back, and any other text is refused in one line', () => {
  const policy = fc.record({
    magnitude: fc.nat({ max: 10 }),
    magnitudeStd: fc.constantFrom(0, 0.5, 1),
    count: fc.integer({ min: 1, max: 13 }),
    isIncreasing: fc.boolean(),
    isWeighted: fc.boolean(),
  });
  fc.assert(
    fc.property(policy, (one) => {
      const weights = one.isWeighted ? '-w0' : '';
      const text = `rand-m${one.magnitude}-n${one.count}-mstd${one.magnitudeStd}-inc${Number(one.isIncreasing)}${weights}`;
      expect(parseRandAugment(text)).toEqual(one);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => parseRandAugment(`rand-${text}x`)).toThrow(/^randAugment .*$/);
    }),
  );
});

const DRAWS = 3000;
const operationsOf = (text: string, filter: 'bicubic' | 'random' = 'bicubic') =>
  Array.from({ length: DRAWS }, (_, index) =>
    drawOperations(parseRandAugment(text), filter, random({ seed: 4, stream: 'test', index })),
  );

function chiSquare(counts: readonly number[], expected: readonly number[]): number {
  return counts.reduce((sum, count, i) => sum + (count - (expected[i] ?? 0)) ** 2 / (expected[i] ?? 0), 0);
}

const countsOf = (names: readonly string[]) => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};

test('operations are equally likely, half of them applied, magnitudes normal, signs even', () => {
  const drawn = operationsOf('rand-m7-n4-mstd0.5-inc1', 'random').flat();
  const counts = countsOf(drawn.map(({ name }) => name));
  expect(counts.size).toBe(15);
  // Upper 0.1 % point for 14 degrees of freedom.
  expect(chiSquare([...counts.values()], Array<number>(15).fill(drawn.length / 15))).toBeLessThan(36.12);
  // 12000 tries of a half: three standard errors are 164.
  expect(Math.abs(drawn.length - 2 * DRAWS)).toBeLessThan(164);
  const degrees = drawn.filter(({ name }) => name === 'Rotate').map(({ value }) => value);
  const sizes = degrees.map((value) => Math.abs(value) / 3);
  const mean = sizes.reduce((a, b) => a + b) / sizes.length;
  const spread = Math.sqrt(sizes.reduce((sum, size) => sum + (size - mean) ** 2, 0) / sizes.length);
  expect(Math.abs(mean - 7)).toBeLessThan(0.08);
  expect(Math.abs(spread - 0.5)).toBeLessThan(0.06);
  expect(Math.abs(degrees.filter((value) => value < 0).length / degrees.length - 0.5)).toBeLessThan(0.08);
  expect(Math.abs(drawn.filter(({ filter }) => filter === 'bilinear').length / drawn.length - 0.5)).toBeLessThan(0.025);
});

test('magnitudes are clipped to the scale', () => {
  const shears = operationsOf('rand-m10-n4-mstd2')
    .flat()
    .filter(({ name }) => name === 'ShearX');
  const sizes = shears.map(({ value }) => Math.abs(value));
  expect(Math.max(...sizes)).toBe(0.3);
  expect(Math.min(...sizes)).toBeLessThan(0.25);
});

test('weighted operations come in proportion, none twice, inversion and posterisation never', () => {
  const weights = {
    Rotate: 0.3,
    ShearX: 0.2,
    ShearY: 0.2,
    TranslateX: 0.1,
    TranslateY: 0.1,
    Color: 0.025,
    Sharpness: 0.025,
    AutoContrast: 0.025,
    ...{ Solarize: 0.005, SolarizeAdd: 0.005, Contrast: 0.005, Brightness: 0.005, Equalize: 0.005 },
  };
  const single = operationsOf('rand-n1-w0').flat();
  const counts = countsOf(single.map(({ name }) => name));
  const observed = Object.keys(weights).map((name) => counts.get(name) ?? 0);
  const expected = Object.values(weights).map((weight) => weight * single.length);
  // Upper 0.1 % point for 12 degrees of freedom.
  expect(chiSquare(observed, expected)).toBeLessThan(32.91);
  for (const drawn of operationsOf('rand-n13-w0').slice(0, 300)) {
    const names = drawn.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name === 'Invert' || name === 'Posterize')).toEqual([]);
  }
});

test('operations follow one another, and the frame that is augmented stays as it was', () => {
  const image = imageOf('picture');
  const before = image.data.slice();
  const operation = (name: DrawnOperation['name'], value: number): DrawnOperation => ({
    name,
    value,
    filter: 'bicubic',
  });
  const both = new FrameAugmenter([operation('Invert', 0), operation('Posterize', 2)]).apply(image);
  expect([...both.data]).toEqual([...before].map((level) => (255 - level) & 0b11000000));
  const thrice = new FrameAugmenter([1, 2, 3].map(() => operation('Invert', 0))).apply(image);
  expect([...thrice.data]).toEqual([...before].map((level) => 255 - level));
  expect(image.data).toEqual(before);
  expect(new FrameAugmenter([]).apply(image)).toBe(image);
});

test('pictures of one row or column are augmented too', () => {
  for (const [width, height] of [
    [1, 1],
    [1, 5],
    [7, 1],
    [2, 2],
  ] as const) {
    const image = { data: new Uint8Array(width * height * 3).fill(90), width, height };
    for (const { name, value } of fixture.cases) {
      for (const filter of ['bilinear', 'bicubic'] as const) {
        const made = new FrameAugmenter([{ name, value, filter }]).apply(image);
        expect(made.data).toHaveLength(image.data.length);
      }
    }
  }
});
