import { expect, test } from 'vitest';
import { DataError, type PretrainClipOptions } from '@umt/data';
import { resizeRgb } from '@umt/video';
import { ClipReader } from '../src/clip-reader.ts';
import type { Box } from '../src/multi-scale-crop.ts';
import { frame, synthetic } from './synthetic.ts';

const OPTIONS: PretrainClipOptions = { frames: 4, size: 32 };
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];
const WIDTH = 80;
const HEIGHT = 60;

const request = (index: number, epoch = 0, path = 'a.mp4') => ({ entry: { path }, seed: 5, epoch, index });
const read = (options: Partial<PretrainClipOptions>, index = 0, epoch = 0, frameCount = 40) =>
  new ClipReader({ ...OPTIONS, ...options }, synthetic(frameCount).open).read(request(index, epoch));

/** Pillow's crop and resize of a frame as uint8, mirrored if wanted. */
function pillow(t: number, box: Box, size: number, isFlipped: boolean): Float64Array {
  const { data } = frame(t, WIDTH, HEIGHT).planes[0] ?? { data: new Uint8Array() };
  const image = { data: data as Uint8Array, width: WIDTH, height: HEIGHT };
  const resized = resizeRgb(image, { box, width: size, height: size }).data;
  return Float64Array.from(resized, (_, i) => {
    const x = Math.floor(i / 3) % size;
    return resized[isFlipped ? i + 3 * (size - 1 - 2 * x) : i] ?? 0;
  });
}

function greyLevels(clip: Float32Array): Float64Array {
  return Float64Array.from(clip, (value, i) => 255 * (value * (STD[i % 3] ?? 1) + (MEAN[i % 3] ?? 0)));
}

const boxes: readonly Box[] = [60, 52, 45, 39].flatMap((w, i, sides) =>
  sides
    .filter((_, j) => Math.abs(i - j) <= 1)
    .flatMap((h) =>
      [0, 1, 2, 3, 4].flatMap((x) =>
        [0, 1, 2, 3, 4].map((y): Box => {
          const x0 = x * Math.floor((WIDTH - w) / 4);
          const y0 = y * Math.floor((HEIGHT - h) / 4);
          return [x0, y0, x0 + w, y0 + h];
        }),
      ),
    ),
);

const isExplained = (grey: Float64Array, t: number, box: Box, isFlipped: boolean) =>
  pillow(t, box, 32, isFlipped).every((value, i) => Math.abs(value - (grey[i] ?? 0)) < 1.01);

test('every frame of a clip gets one crop and one flip, equal to Pillow within a grey level', async () => {
  const flips = new Set<boolean>();
  for (let index = 0; index < 4; index++) {
    const { open, usage } = synthetic(40, WIDTH, HEIGHT);
    const grey = greyLevels(await new ClipReader(OPTIONS, open).read(request(index)));
    const [first = 0] = usage.decoded;
    const found = [false, true].flatMap((isFlipped) =>
      boxes
        .filter((box) => isExplained(grey.subarray(0, 3072), first, box, isFlipped))
        .map((box) => ({ box, isFlipped })),
    );
    expect(found).toHaveLength(1);
    for (const { box, isFlipped } of found) {
      for (const [i, t] of usage.decoded.entries()) {
        expect(isExplained(grey.subarray(i * 3072, (i + 1) * 3072), t, box, isFlipped)).toBe(true);
      }
      flips.add(isFlipped);
    }
  }
  expect(flips.size).toBe(2);
});

test('segment sampling decodes one frame of each quarter; dense sampling frames at the rate', async () => {
  const sparse = synthetic(43);
  for (let index = 0; index < 20; index++) await new ClipReader(OPTIONS, sparse.open).read(request(index));
  const segments = sparse.usage.decoded.map((t, i) => t - 10 * (i % 4));
  expect(segments.every((t) => t >= 0 && t < 10)).toBe(true);
  expect(new Set(segments).size).toBe(10);
  const dense = synthetic(43);
  await new ClipReader({ ...OPTIONS, sampling: { kind: 'dense', rate: 3 } }, dense.open).read(request(0));
  const [start = 0] = dense.usage.decoded;
  expect(dense.usage.decoded).toEqual([start, start + 3, start + 6, start + 9]);
});

test('a clip depends on seed, epoch and index, and on nothing that was read before', async () => {
  const reader = new ClipReader(OPTIONS, synthetic(40).open);
  const first = await reader.read(request(3, 2));
  expect(await reader.read(request(4, 2))).not.toEqual(first);
  expect(await reader.read(request(3, 3))).not.toEqual(first);
  expect(await reader.read({ ...request(3, 2), seed: 6 })).not.toEqual(first);
  expect(await reader.read(request(3, 2))).toEqual(first);
});

test('copies come of one decode, the first as if it were alone, the others augmented anew', async () => {
  const { open, usage } = synthetic(40);
  const three = await new ClipReader({ ...OPTIONS, copies: 3 }, open).read(request(0));
  expect(usage.decoded).toHaveLength(4);
  const length = three.length / 3;
  expect(three.subarray(0, length)).toEqual(await read({}));
  expect(three.subarray(length, 2 * length)).not.toEqual(three.subarray(0, length));
});

test('flipping is the mirror image, always at 1 and never at 0', async () => {
  const never = await read({ flipProbability: 0 });
  const always = await read({ flipProbability: 1 });
  const mirrored = never.map((_, i) => {
    const x = Math.floor(i / 3) % 32;
    return never[i + 3 * (31 - 2 * x)] ?? 0;
  });
  expect(always).toEqual(mirrored);
});

test('colour jitter leaves crop and flip alone and is one change for the whole clip', async () => {
  const options = { size: 16, mean: [0, 0, 0], std: [1, 1, 1] } as const;
  const plain = await read(options);
  const jittered = await read({ ...options, colorJitter: 0.3 });
  expect(jittered).not.toEqual(plain);
  expect(Math.min(...jittered)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...jittered)).toBeLessThanOrEqual(1);
  // A video whose frames are all alike stays so: no flicker.
  const { open } = synthetic(40);
  const still = async (entry: { path: string }) => {
    const video = await open(entry);
    return { ...video, frames: (indices: readonly number[]) => video.frames(indices.map(() => 7)) };
  };
  const clip = await new ClipReader({ ...OPTIONS, ...options, colorJitter: 0.3 }, still).read(request(1));
  const first = clip.subarray(0, clip.length / 4);
  for (let t = 1; t < 4; t++) expect(clip.subarray((t * clip.length) / 4, ((t + 1) * clip.length) / 4)).toEqual(first);
});

test('closes every video, also one that ends early', async () => {
  const { open, usage } = synthetic(40);
  await new ClipReader(OPTIONS, open).read(request(0));
  expect(usage).toMatchObject({ opened: 1, closed: 1 });
  const short = async (entry: { path: string }) => ({ ...(await open(entry)), frames: async function* () {} });
  await expect(new ClipReader(OPTIONS, short).read(request(0))).rejects.toThrow(
    'a.mp4: 0 of 4 frames could be decoded',
  );
  expect(usage).toMatchObject({ opened: 2, closed: 2 });
});

test('a cache changes no number and decodes a video once, while there is room', async () => {
  const frameBytes = 80 * 60 * 3;
  const { open, usage } = synthetic(40);
  const reader = new ClipReader({ ...OPTIONS, cacheBytes: 41 * frameBytes }, open);
  const plain = new ClipReader(OPTIONS, synthetic(40).open);
  for (let epoch = 0; epoch < 3; epoch++) {
    expect(await reader.read(request(1, epoch))).toEqual(await plain.read(request(1, epoch)));
  }
  expect(usage).toMatchObject({ opened: 1, closed: 1 });
  expect(usage.decoded).toHaveLength(40);
  // No room for a second video: it is opened every time, and only its sampled frames are decoded.
  for (let epoch = 0; epoch < 3; epoch++) await reader.read(request(2, epoch, 'b.mp4'));
  expect(usage).toMatchObject({ opened: 4, closed: 4 });
  expect(usage.decoded).toHaveLength(40 + 3 * 4);
});

test.each([
  [{ frames: 0 }, 'frames must be a whole number at least 1, got 0'],
  [{ size: 1.5 }, 'size must be a whole number at least 1, got 1.5'],
  [{ copies: 0 }, 'copies must be'],
  [{ cacheBytes: -1 }, 'cacheBytes must be'],
  [{ sampling: { kind: 'dense', rate: 0 } }, 'sampling.rate must be'],
  [{ sampling: { kind: 'sparse' as 'segments' } }, 'sampling.kind must be one of "segments", "dense", got "sparse"'],
  [{ flipProbability: 2 }, 'flipProbability must be from 0 to 1, got 2'],
  [{ colorJitter: -1 }, 'colorJitter must be 0 or more, got -1'],
] as const)('refuses %j', (options, message) => {
  expect(() => new ClipReader({ ...OPTIONS, ...options })).toThrow(message);
  expect(() => new ClipReader({ ...OPTIONS, ...options })).toThrow(DataError);
});
