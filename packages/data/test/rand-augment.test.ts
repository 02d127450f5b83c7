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
