import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DataError,
  UnreadableSamplesError,
  VideoClipDataset,
  type ClipRequest,
  type UnreadableSample,
  type VideoClipDatasetOptions,
} from '@umt/data';
import { VideoError } from '@umt/video';
import { collateClips } from '../src/clip-batch.ts';
import { ClipReader } from '../src/clip-reader.ts';
import { synthetic } from './synthetic.ts';

const clip = { frames: 4, size: 16 };

const indicesOf = (length: number) => Array.from({ length }, (_, i) => i);

/** Makes samples without decoding, and says which videos were tried. */
function counting() {
  const tried: string[] = [];
  const load = async ({ entry: { path } }: ClipRequest) => {
    tried.push(path);
    if (path.startsWith('bad')) throw new VideoError('not-video', `"${path}" is no video`);
    return new Float32Array(4 * 16 * 16 * 3);
  };
  return { tried, load };
}

function dataset(paths: readonly string[], options: Partial<VideoClipDatasetOptions> = {}) {
  const reader = new ClipReader(clip, synthetic(40).open);
  const entries = paths.map((path, label) => ({ path, label }));
  return new VideoClipDataset({ entries, seed: 9, clip, load: (request) => reader.read(request), ...options });
}

test('a sample carries its clip, index, path and label', async () => {
  const sample = await dataset(['a', 'b']).sample(1, 0);
  expect(sample).toMatchObject({ index: 1, path: 'b', label: 1 });
  expect(sample.video).toHaveLength(4 * 16 * 16 * 3);
});

test('an unreadable video gives way to the same other one in every epoch and run; it is told of once', async () => {
  const paths = ['bad0', ...Array.from({ length: 30 }, (_, i) => `good${i}`)];
  const reports: UnreadableSample[] = [];
  const videos = dataset(paths, { onUnreadable: (sample) => reports.push(sample) });
  const taken = await Promise.all([0, 1, 2].map((epoch) => videos.sample(0, epoch)));
  expect(new Set(taken.map(({ path }) => path)).size).toBe(1);
  expect(taken[0]?.path).toMatch(/^good/);
  expect(taken[0]?.index).toBe(0);
  expect(videos.unreadable).toEqual([{ path: 'bad0', kind: 'not-video', message: '"bad0" is no video' }]);
  expect(reports).toHaveLength(1);
  expect(reports[0]).toMatchObject({ index: 0, path: 'bad0', cause: { kind: 'not-video' } });
  expect(paths[reports[0]?.substituteIndex ?? 0]).toBe(taken[0]?.path);
  expect((await dataset(paths).sample(0, 0)).path).toBe(taken[0]?.path);
  expect((await dataset(paths, { seed: 10 }).sample(0, 0)).path).not.toBe(taken[0]?.path);
});

test('a substitute is augmented with the random numbers of the index that was asked for', async () => {
  const videos = dataset(['bad', 'good']);
  const substitute = await videos.sample(0, 0);
  const itself = await videos.sample(1, 0);
  expect(substitute.path).toBe(itself.path);
  expect(substitute.video).not.toEqual(itself.video);
});

test('too many unreadable videos in a row are an error that names the last', async () => {
  const bad = Array.from({ length: 20 }, (_, i) => `bad${i}`);
  const failing = dataset(bad, { maxAttempts: 3, maxUnreadableShare: 1 }).sample(4, 0);
  await expect(failing).rejects.toThrow(UnreadableSamplesError);
  await expect(failing).rejects.toThrow(/^3 videos in a row could not be read, the last: "bad\d+" is no video$/);
  await expect(dataset(['bad']).sample(0, 0)).rejects.toThrow('the only video could not be read');
});

test('the substitute brings all that is said of it: never the captions or answers of another video', async () => {
  const entries = ['bad', 'good', 'bad2', 'fine'].map((path) => ({
    path,
    captions: [`${path} is seen`],
    question: `what is ${path}?`,
    answers: [path],
  }));
  const { load } = counting();
  const videos = new VideoClipDataset({ entries, seed: 9, clip, load, maxUnreadableShare: 1 });
  const samples = await Promise.all([0, 1, 2, 3].map((index) => videos.sample(index, 0)));
  for (const { path, entry } of samples) {
    expect(entry).toEqual({ path, captions: [`${path} is seen`], question: `what is ${path}?`, answers: [path] });
  }
  const batch = collateClips(samples, { ...clip, copies: 1 }, { epoch: 0, step: 0 });
  expect(batch.entries.map(({ answers }) => answers?.[0])).toEqual(batch.paths);
});

test('which video takes the place of which is a function of seed, index and attempt alone', async () => {
  const setting = fc.record({ seed: fc.nat(), good: fc.uniqueArray(fc.nat(11), { minLength: 1, maxLength: 12 }) });
  await fc.assert(
    fc.asyncProperty(setting, fc.shuffledSubarray(indicesOf(12), { minLength: 12 }), async ({ seed, good }, order) => {
      const paths = indicesOf(12).map((i) => (good.includes(i) ? `good${i}` : `bad${i}`));
      const options = { seed, maxUnreadableShare: 1, maxAttempts: 10_000, load: counting().load };
      const inOrder = dataset(paths, options);
      const shuffled = dataset(paths, options);
      const straight: string[] = [];
      for (const index of indicesOf(12)) straight.push((await inOrder.sample(index, 0)).path);
      const found = new Map<number, string>();
      await Promise.all(order.map(async (index) => found.set(index, (await shuffled.sample(index, 5)).path)));
      expect(indicesOf(12).map((index) => found.get(index))).toEqual(straight);
      for (const index of good) expect(straight[index]).toBe(`good${index}`);
    }),
    { numRuns: 30 },
  );
});

test('what is wrong with the program or the machine is not papered over with another video', async () => {
  const noDecoder = new VideoError('no-decoder', 'install node-av');
  await expect(dataset(['a', 'b'], { load: () => Promise.reject(noDecoder) }).sample(0, 0)).rejects.toBe(noDecoder);
  const bug = new TypeError('x is undefined');
  await expect(dataset(['a', 'b'], { load: () => Promise.reject(bug) }).sample(0, 0)).rejects.toBe(bug);
});

test('refuses an empty list, a bad option and an index outside', async () => {
  expect(() => dataset([])).toThrow('a data set needs at least one video');
  expect(() => dataset(['a'], { maxAttempts: 0 })).toThrow('maxAttempts must be');
  expect(() => dataset(['a'], { maxUnreadableShare: 1.5 })).toThrow('maxUnreadableShare must be a number from 0 to 1');
  expect(() => dataset(['a'], { clip: { frames: 0, size: 1 } })).toThrow('frames must be');
  await expect(dataset(['a']).sample(1, 0)).rejects.toThrow(DataError);
});
