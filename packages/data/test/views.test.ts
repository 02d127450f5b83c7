import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ViewClipOptions } from '@umt/data';
import { rgbPicture, sampleSegmentsTest, sampleSparseTest, sampleSparseVal } from '@umt/video';
import { ClipReader } from '../src/clip-reader.ts';
import { synthetic } from './synthetic.ts';

interface Case {
  readonly width: number;
  readonly height: number;
  readonly image: string;
  readonly test: Readonly<Record<'1' | '3', readonly string[]>>;
  readonly validation: readonly string[];
}

/** Written by fixtures/make_views.py. */
const { side, cases } = JSON.parse(readFileSync(new URL('./fixtures/views.json', import.meta.url), 'utf8')) as {
  readonly side: number;
  readonly cases: readonly Case[];
};

const request = { entry: { path: 'a.mp4' }, seed: 0, epoch: 0, index: 0 };
const base: ViewClipOptions = { kind: 'views', frames: 1, size: side };

/** Reads the views of a video whose frames are all one picture, as 8-bit levels. */
async function viewsOf({ width, height, image }: Case, options: Partial<ViewClipOptions>): Promise<readonly string[]> {
  const picture = rgbPicture(new Uint8Array(Buffer.from(image, 'base64')), width, height);
  const open = async () => ({
    frameCount: 9,
    width,
    height,
    async *frames(indices: readonly number[]) {
      for (const _ of indices) yield picture;
    },
    close: () => Promise.resolve(),
  });
  const levels = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] } as const;
  const clip = await new ClipReader({ ...base, ...levels, ...options }, open).read(request);
  expect(clip.every((value) => Math.abs(value - Math.round(value)) < 1e-3)).toBe(true);
  const length = side * side * 3;
  return Array.from({ length: clip.length / length }, (_, i) =>
    Buffer.from(Uint8Array.from(clip.subarray(i * length, (i + 1) * length), Math.round)).toString('base64'),
  );
}

test.each(cases.map((one) => [`${one.width}x${one.height}`, one] as const))(
  "windows of a %s frame are the reference's: OpenCV's resize, truncated starts, a rounded centre",
  async (_, one) => {
    expect(await viewsOf(one, { crops: 3 })).toEqual(one.test[3]);
    expect(await viewsOf(one, { crops: 1 })).toEqual(one.test[1]);
    expect(await viewsOf(one, { protocol: 'validation' })).toEqual(one.validation);
    expect(await viewsOf(one, { clips: 2, crops: 3 })).toEqual([...one.test[3], ...one.test[3]]);
  },
);

async function decodedFor(options: Partial<ViewClipOptions>) {
  const { open, usage } = synthetic(43);
  const clip = await new ClipReader({ ...base, frames: 4, ...options }, open).read(request);
  return { clip, decoded: usage.decoded };
}

test('all clips of a video come of one pass over its frames', async () => {
  const shape = { frameCount: 43, frames: 4 };
  const wanted = [0, 1, 2].map((clip) => sampleSparseTest(shape, { clip, clips: 3 }));
  const { clip, decoded } = await decodedFor({ clips: 3 });
  expect(decoded).toEqual([...new Set(wanted.flat())].sort((a, b) => a - b));
  // Each clip alone holds the same pixels: clip 1 of 3 is what a video of just its frames gives.
  const length = clip.length / 3;
  const { open } = synthetic(43);
  for (const [i, frames] of wanted.entries()) {
    const only = async (entry: { path: string }) => {
      const video = await open(entry);
      return {
        ...video,
        frameCount: 4,
        frames: (indices: readonly number[]) => video.frames(indices.map((t) => frames[t] ?? 0)),
      };
    };
    const alone = await new ClipReader({ ...base, frames: 4, sampling: { kind: 'segments' } }, only).read(request);
    expect(clip.subarray(i * length, (i + 1) * length)).toEqual(alone);
  }
});

test('validation takes the middles, SSv2 its segments, dense clips frames at the rate', async () => {
  const shape = { frameCount: 43, frames: 4 };
  expect((await decodedFor({ protocol: 'validation' })).decoded).toEqual(sampleSparseVal(shape));
  const segments = [0, 1].flatMap((clip) => sampleSegmentsTest(shape, { clip, clips: 2 }));
  expect((await decodedFor({ clips: 2, sampling: { kind: 'segments' } })).decoded).toEqual(
    segments.sort((a, b) => a - b),
  );
  const dense = (await decodedFor({ sampling: { kind: 'dense', rate: 5 } })).decoded;
  expect(dense).toEqual([11, 16, 21, 26]); // (43 - 20) / 2, truncated, and every fifth
  const middle = (await decodedFor({ protocol: 'validation', sampling: { kind: 'dense', rate: 5 } })).decoded;
  expect(middle).toEqual([11, 17, 24, 30]); // the window [11, 31] spread over four
});

test('nothing is random: seed, epoch and index change nothing', async () => {
  const reader = new ClipReader({ ...base, frames: 4, clips: 2, crops: 2 }, synthetic(43).open);
  const first = await reader.read(request);
  expect(await reader.read({ ...request, seed: 9, epoch: 3, index: 7 })).toEqual(first);
});
