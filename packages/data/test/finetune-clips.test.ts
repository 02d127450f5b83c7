import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DataError, type FinetuneClipOptions } from '@umt/data';
import { random } from '@umt/random';
import { rgbPicture, sampleDenseTrain, sampleSegmentsTrain, sampleSparseTrain, type Picture } from '@umt/video';
import { ClipReader } from '../src/clip-reader.ts';
import type { Box } from '../src/multi-scale-crop.ts';
import { parseRandAugment } from '../src/rand-augment/config.ts';
import { drawOperations } from '../src/rand-augment/draw.ts';
import { FrameAugmenter } from '../src/rand-augment/operations.ts';
import { drawErasing, eraseBox } from '../src/random-erasing.ts';
import { drawResizedCrop } from '../src/resized-crop.ts';
import { frame, synthetic } from './synthetic.ts';

const WIDTH = 80;
const HEIGHT = 60;
const SIZE = 24;
const FRAME = SIZE * SIZE * 3;
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

/** Crop and sampling alone. */
const PLAIN: FinetuneClipOptions = {
  kind: 'finetune',
  frames: 4,
  size: SIZE,
  randAugment: null,
  flipProbability: 0,
  erasing: { probability: 0 },
};

const request = (index: number, epoch = 0, seed = 5) => ({ entry: { path: 'a.mp4' }, seed, epoch, index });
const read = (options: Partial<FinetuneClipOptions>, index = 0, open = synthetic(40, WIDTH, HEIGHT).open) =>
  new ClipReader({ ...PLAIN, ...options }, open).read(request(index));

/** A video whose frames are all alike. */
const still = async (entry: { path: string }) => {
  const video = await synthetic(40, WIDTH, HEIGHT).open(entry);
  return { ...video, frames: (indices: readonly number[]) => video.frames(indices.map(() => 7)) };
};

/** The reference's way, step by step: normalise the whole picture, cut the box out, interpolate with half-pixel centres. */
function croppedAfterNormalising(picture: Picture, [x0, y0, x1, y1]: Box): Float64Array {
  const { data } = picture.planes[0] ?? { data: new Uint8Array() };
  const w = x1 - x0;
  const h = y1 - y0;
  const at = (x: number, y: number, c: number) =>
    ((data[((y + y0) * picture.width + x + x0) * 3 + c] ?? 0) / 255 - (MEAN[c] ?? 0)) / (STD[c] ?? 1);
  return Float64Array.from({ length: FRAME }, (_, i) => {
    const c = i % 3;
    const sx = Math.max(0, (((Math.floor(i / 3) % SIZE) + 0.5) * w) / SIZE - 0.5);
    const sy = Math.max(0, ((Math.floor(i / 3 / SIZE) + 0.5) * h) / SIZE - 0.5);
    const [x, y] = [Math.floor(sx), Math.floor(sy)];
    const [right, below] = [Math.min(w - 1, x + 1), Math.min(h - 1, y + 1)];
    const upper = at(x, y, c) * (1 - sx + x) + at(right, y, c) * (sx - x);
    const lower = at(x, below, c) * (1 - sx + x) + at(right, below, c) * (sx - x);
    return upper * (1 - sy + y) + lower * (sy - y);
  });
}

test.each([null, 'rand-m9-n4-mstd0.5-inc1'])(
  'a clip is RandAugment %s, normalisation, crop and bilinear resize, the same for all frames',
  async (randAugment) => {
    for (let index = 0; index < 4; index++) {
      const { open, usage } = synthetic(40, WIDTH, HEIGHT);
      const clip = await read({ randAugment }, index, open);
      const key = { seed: 5, step: 0, index };
      const box = drawResizedCrop(WIDTH, HEIGHT, {}, random({ ...key, stream: 'data/augment' }));
      const stream = random({ ...key, stream: 'data/rand-augment' });
      const operations = randAugment === null ? [] : drawOperations(parseRandAugment(randAugment), 'bicubic', stream);
      const augmenter = new FrameAugmenter(operations);
      for (const [i, t] of usage.decoded.entries()) {
        const plane = frame(t, WIDTH, HEIGHT).planes[0]?.data as Uint8Array;
        const { data } = augmenter.apply({ data: plane, width: WIDTH, height: HEIGHT });
        const expected = croppedAfterNormalising(rgbPicture(data, WIDTH, HEIGHT), box);
        const difference = clip.subarray(i * FRAME, (i + 1) * FRAME).map((value, p) => value - (expected[p] ?? 0));
        expect(Math.max(...difference.map(Math.abs))).toBeLessThan(1e-5);
      }
    }
  },
);

test('frames that are alike stay alike under every augmentation but noise', async () => {
  for (let index = 0; index < 12; index++) {
    const options = { randAugment: 'rand-m9-n4-mstd0.5-inc1', flipProbability: 0.5 } as const;
    const clip = await read({ ...options, erasing: { probability: 1, mode: 'const' } }, index, still);
    for (let t = 1; t < 4; t++) expect(clip.subarray(t * FRAME, (t + 1) * FRAME)).toEqual(clip.subarray(0, FRAME));
  }
});

test('frames are sampled as the kind says', async () => {
  const shape = { frameCount: 40, frames: 4 };
  const drawn = (index: number) => {
    const stream = random({ seed: 5, stream: 'data/frames', step: 0, index });
    return (low: number, high: number) => stream.integer(low, high);
  };
  for (let index = 0; index < 5; index++) {
    const decoded = async (options: Partial<FinetuneClipOptions>) => {
      const { open, usage } = synthetic(40);
      await read(options, index, open);
      return usage.decoded;
    };
    expect(await decoded({})).toEqual(sampleSparseTrain(shape, drawn(index)));
    expect(await decoded({ sampling: { kind: 'segments' } })).toEqual(sampleSegmentsTrain(shape, drawn(index)));
    const dense = sampleDenseTrain({ ...shape, rate: 3 }, drawn(index));
    expect(await decoded({ sampling: { kind: 'dense', rate: 3 } })).toEqual(dense);
  }
});

test('flipping is the mirror image, always at 1 and never at 0', async () => {
  const never = await read({});
  const always = await read({ flipProbability: 1 });
  const mirrored = never.map((_, i) => never[i + 3 * (SIZE - 1 - 2 * (Math.floor(i / 3) % SIZE))] ?? 0);
  expect(always).toEqual(mirrored);
});

test('copies come of one decode, the first as if it were alone, the others augmented anew', async () => {
  const all = { randAugment: 'rand-m9-n4-mstd0.5-inc1', flipProbability: 0.5, erasing: { probability: 1 } } as const;
  const { open, usage } = synthetic(40, WIDTH, HEIGHT);
  const two = await read({ ...all, copies: 2 }, 3, open);
  expect(usage.decoded).toHaveLength(4);
  expect(two.subarray(0, 4 * FRAME)).toEqual(await read(all, 3));
  expect(two.subarray(4 * FRAME)).not.toEqual(two.subarray(0, 4 * FRAME));
});

test('a clip is a pure function of seed, epoch and index', async () => {
  const reader = new ClipReader({ kind: 'finetune', frames: 2, size: 16 }, synthetic(12, 40, 30).open);
  const number = fc.nat({ max: 1000 });
  await fc.assert(
    fc.asyncProperty(number, number, number, async (seed, epoch, index) => {
      const first = await reader.read(request(index, epoch, seed));
      expect(await reader.read(request(index + 1, epoch, seed))).not.toEqual(first);
      expect(await reader.read(request(index, epoch, seed))).toEqual(first);
    }),
    { numRuns: 20 },
  );
});

test('erasing fills one rectangle in all frames: noise anew in each, a colour, or zeros', async () => {
  const plain = await read({}, 2, still);
  const erased = async (mode: 'pixel' | 'rand' | 'const') => {
    const clip = await read({ erasing: { probability: 1, mode } }, 2, still);
    const places = [...clip.keys()].filter((i) => clip[i] !== plain[i]);
    return { clip, places };
  };
  const { clip: zeros, places } = await erased('const');
  expect(places.every((i) => zeros[i] === 0)).toBe(true);
  const inFirst = places.filter((i) => i < FRAME);
  expect(places).toEqual([0, 1, 2, 3].flatMap((t) => inFirst.map((i) => i + t * FRAME)));
  const noise = await erased('pixel');
  expect(noise.places).toEqual(places);
  const values = (t: number) => inFirst.map((i) => noise.clip[i + t * FRAME] ?? 0);
  expect(values(1)).not.toEqual(values(0));
  const colors = await erased('rand');
  expect(colors.places).toEqual(places);
  expect(new Set(inFirst.map((i) => colors.clip[i])).size).toBe(3);
});

test('erased pixels are standard normal', () => {
  const size = 200;
  const clip = new Float32Array(2 * size * size * 3).fill(9);
  eraseBox(clip, size, [10, 20, 190, 180], 'pixel', random({ seed: 1, stream: 'noise' }));
  const drawn = clip.filter((value) => value !== 9);
  expect(drawn).toHaveLength(2 * 180 * 160 * 3);
  const mean = drawn.reduce((a, b) => a + b) / drawn.length;
  const variance = drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length;
  // Three standard errors of 172800 draws.
  expect(Math.abs(mean)).toBeLessThan(0.0073);
  expect(Math.abs(variance - 1)).toBeLessThan(0.011);
});

test('rectangles to erase lie inside the frame, their number and share of clips as asked', () => {
  const side = fc.integer({ min: 1, max: 300 });
  fc.assert(
    fc.property(side, side, fc.integer({ min: 1, max: 4 }), fc.nat(), (width, height, count, seed) => {
      const boxes = drawErasing(width, height, { probability: 1, count }, random({ seed, stream: 'erase' }));
      expect(boxes.length).toBeLessThanOrEqual(count);
      for (const [x0, y0, x1, y1] of boxes) {
        expect(x0 >= 0 && y0 >= 0 && x1 <= width && y1 <= height && x0 < x1 && y0 < y1).toBe(true);
      }
    }),
  );
  const drawn = Array.from({ length: 4000 }, (_, index) =>
    drawErasing(224, 224, {}, random({ seed: 1, stream: 'erase', index })),
  );
  const boxes = drawn.flat();
  expect(Math.abs(boxes.length / 4000 - 0.25)).toBeLessThan(0.021);
  const areas = boxes.map(([x0, y0, x1, y1]) => ((x1 - x0) * (y1 - y0)) / 224 ** 2);
  expect(Math.min(...areas)).toBeGreaterThan(0.019);
  expect(Math.max(...areas)).toBeLessThan(0.335);
  const aspects = boxes.map(([x0, y0, x1, y1]) => Math.log((y1 - y0) / (x1 - x0)));
  expect(Math.abs(aspects.reduce((a, b) => a + b) / aspects.length)).toBeLessThan(0.09);
  expect(drawErasing(224, 224, { probability: 1, count: 3 }, random({ seed: 1, stream: 'erase' }))).toHaveLength(3);
});

test('crops lie inside frames of any size', () => {
  const side = fc.integer({ min: 1, max: 2000 });
  fc.assert(
    fc.property(side, side, fc.nat(), (width, height, seed) => {
      const [x0, y0, x1, y1] = drawResizedCrop(width, height, {}, random({ seed, stream: 'crop' }));
      expect(x0 >= 0 && y0 >= 0 && x1 > x0 && y1 > y0 && x1 <= width && y1 <= height).toBe(true);
    }),
  );
});

test('areas of crops are uniform, their aspect ratios log-uniform, their places even', () => {
  const side = 1000;
  const boxes = Array.from({ length: 4000 }, (_, index) =>
    drawResizedCrop(side, side, { scale: [0.08, 0.5] }, random({ seed: 2, stream: 'crop', index })),
  );
  const kolmogorov = (values: readonly number[], low: number, high: number) => {
    const sorted = [...values].sort((a, b) => a - b);
    const distances = sorted.map((value, i) => Math.abs((value - low) / (high - low) - (i + 0.5) / sorted.length));
    return Math.max(...distances) * Math.sqrt(sorted.length);
  };
  // Upper 0.1 % point of the Kolmogorov-Smirnov distance.
  const areas = boxes.map(([x0, y0, x1, y1]) => ((x1 - x0) * (y1 - y0)) / side ** 2);
  expect(kolmogorov(areas, 0.08, 0.5)).toBeLessThan(1.95);
  const ratios = boxes.map(([x0, y0, x1, y1]) => Math.log((x1 - x0) / (y1 - y0)));
  expect(kolmogorov(ratios, Math.log(0.75), Math.log(1.3333))).toBeLessThan(1.95);
  expect(
    kolmogorov(
      boxes.map(([x0, , x1]) => (x0 + 0.5) / (side - x1 + x0 + 1)),
      0,
      1,
    ),
  ).toBeLessThan(1.95);
  expect(
    kolmogorov(
      boxes.map(([, y0, , y1]) => (y0 + 0.5) / (side - y1 + y0 + 1)),
      0,
      1,
    ),
  ).toBeLessThan(1.95);
});

test('where no crop fits, the largest central one within the ratios is taken', () => {
  const stream = () => random({ seed: 1, stream: 'crop' });
  // Ten tries at areas over 99 % of a strip fit never: 10 * 1.3333 rounds to 13.
  expect(drawResizedCrop(1000, 10, { scale: [0.99, 1] }, stream())).toEqual([493, 0, 506, 10]);
  expect(drawResizedCrop(10, 1000, { scale: [0.99, 1] }, stream())).toEqual([0, 493, 10, 506]);
  expect(drawResizedCrop(100, 100, { scale: [1, 1], ratio: [0.75, 0.76] }, stream())).toEqual([12, 0, 88, 100]);
});

test.each([
  [{ randAugment: 'rand-m99' }, 'm must be at most 10, got 99'],
  [{ copies: 0 }, 'copies must be'],
  [{ flipProbability: -1 }, 'flipProbability must be from 0 to 1, got -1'],
  [{ erasing: { probability: 3 } }, 'erasing.probability must be from 0 to 1, got 3'],
  [{ erasing: { count: 0 } }, 'erasing.count must be'],
  [{ scale: [0.5, 0.1] }, 'scale must be two rising numbers above 0, at most 1, got [0.5, 0.1]'],
  [{ scale: [0.5, 2] }, 'scale must be two rising numbers above 0, at most 1'],
  [{ ratio: [0, 1] }, 'ratio must be two rising numbers above 0, got [0, 1]'],
  [{ sampling: { kind: 'dense', rate: 0 } }, 'sampling.rate must be'],
  [{ kind: 'fine' as 'finetune' }, 'kind must be one of "pretrain", "finetune", "views", got "fine"'],
  [{ erasing: { mode: 'red' as 'rand' } }, 'erasing.mode must be one of "pixel", "rand", "const", got "red"'],
  [{ randAugmentFilter: 'cubic' as 'bicubic' }, 'randAugmentFilter must be one of'],
  [{ sampling: { kind: 'all' as 'sparse' } }, 'sampling.kind must be one of "sparse", "segments", "dense", got "all"'],
] as const)('refuses %j', (options, message) => {
  expect(() => new ClipReader({ ...PLAIN, ...options })).toThrow(message);
  expect(() => new ClipReader({ ...PLAIN, ...options })).toThrow(DataError);
});
