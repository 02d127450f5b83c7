import { expect, test } from 'vitest';
import {
  DataError,
  UnreadableSamplesError,
  VideoClipDataset,
  type UnreadableSample,
  type VideoClipDatasetOptions,
} from '@umt/data';
import { VideoError } from '@umt/video';
import { ClipReader } from '../src/clip-reader.ts';
import { synthetic } from './synthetic.ts';

const clip = { frames: 4, size: 16 };

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

test('an unreadable video gives way to the same other one in every epoch and run; it is counted and reported', async () => {
  const paths = ['bad0', ...Array.from({ length: 30 }, (_, i) => `good${i}`)];
  const reports: UnreadableSample[] = [];
  const videos = dataset(paths, { onUnreadable: (sample) => reports.push(sample) });
  const taken = await Promise.all([0, 1, 2].map((epoch) => videos.sample(0, epoch)));
  expect(new Set(taken.map(({ path }) => path)).size).toBe(1);
  expect(taken[0]?.path).toMatch(/^good/);
  expect(taken[0]?.index).toBe(0);
  expect(videos.unreadableCount).toBe(3);
  expect(reports).toHaveLength(3);
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
  const failing = dataset(bad, { maxAttempts: 3 }).sample(4, 0);
  await expect(failing).rejects.toThrow(UnreadableSamplesError);
  await expect(failing).rejects.toThrow(/^3 videos in a row could not be read, the last: "bad\d+" is no video$/);
  await expect(dataset(['bad']).sample(0, 0)).rejects.toThrow('the only video could not be read');
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
  expect(() => dataset(['a'], { clip: { frames: 0, size: 1 } })).toThrow('frames must be');
  await expect(dataset(['a']).sample(1, 0)).rejects.toThrow(DataError);
});
