import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createVideoClipLoader, createViewLoader, listVideos, type UnreadableSample } from '../src/index.node.ts';

const CLIPS = fileURLToPath(new URL('../../../assets/clips', import.meta.url));
const clip = { frames: 8, size: 48 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clips-'));
  for (const name of ['box-1.mp4', 'street-1.mp4', 'tree-1.mp4']) await copyFile(join(CLIPS, name), join(folder, name));
  const whole = await readFile(join(CLIPS, 'cup-1.mp4'));
  await writeFile(join(folder, 'cut.mp4'), whole.subarray(0, 20));
  await writeFile(join(folder, 'text.mp4'), 'this is no video');
  await writeFile(join(folder, 'empty.mp4'), '');
});
afterAll(() => rm(folder, { recursive: true }));

test('decodes real clips into normalised batches, every video once an epoch', async () => {
  const loader = createVideoClipLoader({ entries: await listVideos(CLIPS), seed: 1, clip, batchSize: 4 });
  expect(loader).toMatchObject({ batchesPerEpoch: 3, batchSize: 4 });
  const paths: string[] = [];
  for await (const batch of loader.batches(0)) {
    expect(batch.shape).toEqual([4, 8, 48, 48, 3]);
    expect(batch.video).toHaveLength(4 * 8 * 48 * 48 * 3);
    // Black and white under ImageNet's constants.
    expect(Math.min(...batch.video.subarray(0, 50_000))).toBeGreaterThanOrEqual(-2.12);
    expect(Math.max(...batch.video.subarray(0, 50_000))).toBeLessThanOrEqual(2.65);
    const mean = batch.video.reduce((sum, value) => sum + value) / batch.video.length;
    expect(Math.abs(mean)).toBeLessThan(1.5);
    paths.push(...batch.paths);
  }
  expect(new Set(paths).size).toBe(12);
  expect(loader.dataset.unreadable).toEqual([]);
  await loader.close();
});

test('neighbouring frames of a still camera look alike, so frames, crop and flip of a clip belong together', async () => {
  const [entry] = (await listVideos(CLIPS)).filter(({ path }) => basename(path) === 'street-1.mp4');
  const loader = createVideoClipLoader({ entries: entry === undefined ? [] : [entry], seed: 2, clip, batchSize: 1 });
  for await (const { video } of loader.batches(0)) {
    const length = video.length / 8;
    for (let t = 1; t < 8; t++) {
      let difference = 0;
      for (let i = 0; i < length; i++) difference += Math.abs((video[t * length + i] ?? 0) - (video[i] ?? 0)) / length;
      expect(difference).toBeLessThan(0.25);
      expect(difference).toBeGreaterThan(0);
    }
  }
  await loader.close();
});

test('damaged, empty and foreign files give way to others, each reported with its cause', async () => {
  const reports: UnreadableSample[] = [];
  const entries = [...(await listVideos(folder)), { path: join(folder, 'missing.mp4') }];
  const loader = createVideoClipLoader({
    entries,
    seed: 3,
    clip,
    batchSize: 7,
    maxUnreadableShare: 1,
    onUnreadable: (one) => reports.push(one),
  });
  for await (const { paths, indices } of loader.batches(0)) {
    expect([...indices].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const path of paths) expect(['box-1.mp4', 'street-1.mp4', 'tree-1.mp4']).toContain(basename(path));
  }
  expect(reports.map(({ path }) => basename(path)).sort()).toEqual(['cut.mp4', 'empty.mp4', 'missing.mp4', 'text.mp4']);
  expect(loader.dataset.unreadable).toEqual(
    reports.map(({ path, cause }) => ({ path, kind: cause.kind, message: cause.message })),
  );
  for (const { path, cause } of reports) expect(cause.message).toContain(basename(path));
  await loader.close();
});

test('a cache gives the same batches', async () => {
  const entries = await listVideos(CLIPS);
  const [plain, cached] = [0, 1e9].map((cacheBytes) =>
    createVideoClipLoader({
      entries: entries.slice(0, 2),
      seed: 4,
      clip: { ...clip, cacheBytes },
      batchSize: 2,
      epochs: 2,
    }),
  );
  for (const epoch of [0, 1]) {
    const expected = await plain?.batches(epoch).next();
    const batch = await cached?.batches(epoch).next();
    expect(batch?.value).toEqual(expected?.value);
  }
  await Promise.all([plain?.close(), cached?.close()]);
});

test('real clips give views of every readable video, and the same ones from the middle on', async () => {
  const entries = [...(await listVideos(folder)), { path: join(folder, 'missing.mp4') }];
  const options = { kind: 'views', frames: 4, size: 48, shortSide: 56, clips: 2, crops: 3 } as const;
  const read = async (firstVideo: number) => {
    const loader = createViewLoader({ entries, clip: options, batchSize: 6 });
    const batches = [];
    for await (const batch of loader.batches(firstVideo)) batches.push(batch);
    await loader.close();
    return { batches, unreadable: loader.unreadable.map(({ path, cause }) => [basename(path), cause.kind]) };
  };
  const whole = await read(0);
  // One batch for each readable video here, in the order of the list.
  const names = whole.batches.map(({ places }) => [...new Set(places.map(({ path }) => basename(path)))]);
  expect(names).toEqual([['box-1.mp4'], ['street-1.mp4'], ['tree-1.mp4']]);
  expect(whole.unreadable.map(([name]) => name)).toEqual(['cut.mp4', 'empty.mp4', 'text.mp4', 'missing.mp4']);
  for (const { video } of whole.batches) {
    expect(video.every((value) => value >= -2.12 && value <= 2.65)).toBe(true);
  }
  const rest = await read(3);
  expect(rest.batches).toEqual(whole.batches.slice(1));
});

test('real clips are augmented for fine-tuning', async () => {
  const finetune = { kind: 'finetune', frames: 4, size: 48, copies: 2, erasing: { probability: 0 } } as const;
  const loader = createVideoClipLoader({
    entries: await listVideos(folder),
    seed: 1,
    clip: finetune,
    batchSize: 3,
    maxUnreadableShare: 1,
  });
  for await (const { video, shape } of loader.batches(0)) {
    expect(shape).toEqual([6, 4, 48, 48, 3]);
    expect(video.every((value) => value >= -2.12 && value <= 2.65)).toBe(true);
    const clips = Array.from({ length: 6 }, (_, i) =>
      video.subarray((i * video.length) / 6, ((i + 1) * video.length) / 6),
    );
    expect(new Set(clips.map((one) => one.join())).size).toBe(6);
  }
  await loader.close();
});
