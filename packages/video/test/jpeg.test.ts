import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { jpegPlanes } from '../src/jpeg-planes.ts';
import { openJpegEncoder, type RgbImage } from '../src/index.node.ts';

const PYTHON = '/usr/bin/python3';
const hasPillow = (() => {
  try {
    execFileSync(PYTHON, ['-c', 'import PIL, numpy'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
})();

const folder = mkdtempSync(join(tmpdir(), 'umt-jpeg-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An image of one colour. */
const solid = (colour: readonly number[], width: number, height: number): RgbImage => ({
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3] ?? 0),
  width,
  height,
});

/** Smooth in x and y, with all of 20..235 in each channel. */
const smooth = (width: number, height: number): RgbImage => ({
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    return Math.round(128 + 60 * Math.sin(x / 23 + c) + 45 * Math.cos(y / 17 - 2 * c));
  }),
  width,
  height,
});

/** What Pillow makes of a file: RGB bytes. */
function pillow(file: Uint8Array): Uint8Array {
  const path = join(folder, 'one.jpg');
  writeFileSync(path, file);
  const script = `
import sys; from PIL import Image
image = Image.open(sys.argv[1]); image.load(); assert image.mode == 'RGB', image.mode
sys.stdout.buffer.write(image.tobytes())`;
  return new Uint8Array(execFileSync(PYTHON, ['-c', script, path], { maxBuffer: 1 << 28 }));
}

test.each([
  [
    [255, 0, 0],
    [76, 85, 255],
  ],
  [
    [0, 255, 0],
    [150, 44, 21],
  ],
  [
    [0, 0, 255],
    [29, 255, 107],
  ],
  [
    [255, 255, 255],
    [255, 128, 128],
  ],
  [
    [0, 0, 0],
    [0, 128, 128],
  ],
  [
    [77, 77, 77],
    [77, 128, 128],
  ],
])('%j becomes Y, Cb, Cr %j, as JFIF defines them', (rgb, [luma = 0, cb = 0, cr = 0]) => {
  const planes = jpegPlanes(solid(rgb, 5, 3));
  expect([...planes.subarray(0, 15)]).toEqual(Array(15).fill(luma));
  expect([...planes.subarray(15, 21)]).toEqual(Array(6).fill(cb));
  expect([...planes.subarray(21)]).toEqual(Array(6).fill(cr));
});

test('chroma is the mean of two by two pixels', () => {
  // Cb of blue is 255.5, of black 128: one, two or three of four pixels lie between.
  const data = new Uint8Array(4 * 2 * 3);
  data[2] = 255;
  data[2 * 3 + 2] = 255;
  data[6 * 3 + 2] = 255;
  const cb = jpegPlanes({ data, width: 4, height: 2 }).subarray(8, 10);
  expect([...cb]).toEqual([128 + 32, 128 + 64]);
});

test('the same pixels give the same file, whatever was encoded before', async () => {
  const first = await openJpegEncoder({ width: 33, height: 17 });
  const second = await openJpegEncoder({ width: 33, height: 17 });
  const [a, b] = [smooth(33, 17), solid([9, 200, 30], 33, 17)];
  const file = first.encode(a);
  second.encode(b);
  second.encode(b);
  expect(second.encode(a)).toEqual(file);
  expect(Buffer.from(file).includes('Lavc')).toBe(false);
  first.close();
  second.close();
});

test('a better quality takes more bytes', async () => {
  const sizes: number[] = [];
  for (const quality of [1, 2, 8, 31]) {
    const encoder = await openJpegEncoder({ width: 96, height: 64, quality });
    sizes.push(encoder.encode(smooth(96, 64)).length);
    encoder.close();
  }
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  expect(new Set(sizes).size).toBe(4);
});

test('what cannot be encoded is refused', async () => {
  await expect(openJpegEncoder({ width: 0, height: 4 })).rejects.toThrow(/cannot be 0x4/);
  await expect(openJpegEncoder({ width: 4, height: 4, quality: 32 })).rejects.toThrow(/from 1 \(best\) to 31/);
  const encoder = await openJpegEncoder({ width: 4, height: 4 });
  expect(() => encoder.encode(smooth(5, 4))).toThrow('the image is 5x4, not 4x4: open an encoder for each size');
  encoder.close();
  expect(() => encoder.encode(smooth(4, 4))).toThrow('closed');
});

test.runIf(process.env['UMT_REQUIRE_ENGINES'] === '1')('Pillow is here (UMT_REQUIRE_ENGINES asks for it)', () => {
  expect(hasPillow, `${PYTHON} cannot import PIL and numpy: install python3-pil, python3-numpy`).toBe(true);
});

describe.skipIf(!hasPillow)(
  `against Pillow${hasPillow ? '' : ' (skipped: install python3-pil, python3-numpy)'}`,
  () => {
    test.each([
      [64, 48],
      [65, 47],
      [31, 16],
    ])('an image of %i x %i comes back within the loss of the best quality', async (width, height) => {
      const encoder = await openJpegEncoder({ width, height, quality: 1 });
      const image = smooth(width, height);
      const decoded = pillow(encoder.encode(image));
      encoder.close();
      expect(decoded.length).toBe(image.data.length);
      const differences = image.data.map((value, i) => Math.abs(value - (decoded[i] ?? 0)));
      expect(differences.reduce((sum, one) => sum + one, 0) / differences.length).toBeLessThan(1.5);
      // No colour is shifted.
      for (const channel of [0, 1, 2]) {
        const bias = image.data.reduce((sum, v, i) => (i % 3 === channel ? sum + v - (decoded[i] ?? 0) : sum), 0);
        expect(Math.abs(bias / (width * height))).toBeLessThan(0.7);
      }
    });

    test.each([[[255, 0, 0]], [[0, 255, 0]], [[0, 0, 255]], [[255, 255, 255]], [[0, 0, 0]], [[200, 100, 50]]])(
      'the colour %j stays what it is',
      async (colour) => {
        const encoder = await openJpegEncoder({ width: 16, height: 16 });
        const decoded = pillow(encoder.encode(solid(colour, 16, 16)));
        encoder.close();
        for (const [i, value] of decoded.entries())
          expect(Math.abs(value - (colour[i % 3] ?? 0))).toBeLessThanOrEqual(2);
      },
    );
  },
);
