import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DataError, type ViewBatch, type ViewClipOptions } from '@umt/data';
import { VideoError } from '@umt/video';
import { ClipReader } from '../src/clip-reader.ts';
import { cropWindows, shortSideSize } from '../src/view-clips.ts';
import { ViewLoader, viewLoaderFactory, type ViewLoaderOptions } from '../src/view-loader.ts';
import { LocalHost } from './local-worker.ts';
import { synthetic } from './synthetic.ts';

const clip: ViewClipOptions = { kind: 'views', frames: 4, size: 24, clips: 2, crops: 3 };
const VIEW = 4 * 24 * 24 * 3;

function loaderOf(paths: readonly string[], changes: Partial<ViewLoaderOptions> = {}) {
  const { open, usage } = synthetic(40);
  const options = { entries: paths.map((path, label) => ({ path, label })), clip, batchSize: 4, ...changes };
  const reader = new ClipReader(options.clip, open);
  return { loader: new ViewLoader(options, (request) => reader.read(request)), usage };
}

async function all(batches: AsyncIterable<ViewBatch>) {
  const list: ViewBatch[] = [];
  for await (const batch of batches) list.push(batch);
  const places = list.flatMap((batch) => batch.places);
  const views = list.flatMap(({ video, places }) => places.map((_, i) => video.slice(i * VIEW, (i + 1) * VIEW)));
  return { list, places, views };
}

test('views come in the order video, clip, crop, in full batches but the last, from one decode of each video', async () => {
  const { loader, usage } = loaderOf(['a', 'b', 'c']);
  const { list, places } = await all(loader.batches());
  expect(list.map(({ shape }) => shape)).toEqual([4, 4, 4, 4, 2].map((size) => [size, 4, 24, 24, 3]));
  expect(list.every(({ video, shape }) => video.length === shape.reduce((a, b) => a * b))).toBe(true);
  const expected = ['a', 'b', 'c'].flatMap((path, index) =>
    [0, 1].flatMap((clipNumber) =>
      [0, 1, 2].map((crop) => ({ index, path, label: index, labels: [index], clip: clipNumber, crop })),
    ),
  );
  expect(places).toEqual(expected);
  expect(usage).toMatchObject({ opened: 3, closed: 3 });
  expect(loader.viewsPerVideo).toBe(6);
});

test('an evaluation goes on at any video with the views it would have had', async () => {
  const paths = ['a', 'b', 'c', 'd'];
  const whole = await all(loaderOf(paths).loader.batches());
  for (const first of [1, 3, 4]) {
    const { loader, usage } = loaderOf(paths);
    const rest = await all(loader.batches(first));
    expect(rest.places).toEqual(whole.places.slice(6 * first));
    expect(rest.views).toEqual(whole.views.slice(6 * first));
    expect(usage.opened).toBe(4 - first);
  }
});

test('a video that cannot be read is told and left out, and nothing takes its place', async () => {
  const told: number[] = [];
  const { loader } = loaderOf(['bad1', 'a', 'bad2'], { onUnreadable: ({ index }) => told.push(index) });
  const { places } = await all(loader.batches());
  expect(places.map(({ path }) => path)).toEqual(Array<string>(6).fill('a'));
  expect(told).toEqual([0, 2]);
  expect(loader.unreadable.map(({ path, cause }) => `${path}: ${cause.message}`)).toEqual([
    'bad1: "bad1" is no video',
    'bad2: "bad2" is no video',
  ]);
});

test('what is no fault of a video ends the evaluation', async () => {
  const noDecoder = new VideoError('no-decoder', 'install node-av');
  const failing = new ViewLoader({ entries: [{ path: 'a' }], clip, batchSize: 1 }, () => Promise.reject(noDecoder));
  await expect(all(failing.batches())).rejects.toBe(noDecoder);
  const { loader } = loaderOf(['a']);
  await loader.close();
  await expect(all(loader.batches())).rejects.toThrow('the loader was closed');
});

test('reads no further ahead than asked', async () => {
  const { loader, usage } = loaderOf(['a', 'b', 'c', 'd', 'e'], { prefetch: 1, batchSize: 6 });
  const batches = loader.batches();
  await batches.next();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(usage.opened).toBeLessThanOrEqual(2);
  await batches.return();
});

test('reads no further ahead than maxBytes has room for', async () => {
  const bytes = 6 * VIEW * 4;
  for (const [maxBytes, opened] of [
    [0, 1],
    [2 * bytes, 3],
  ] as const) {
    const { loader, usage } = loaderOf(['a', 'b', 'c', 'd', 'e'], { prefetch: 4, batchSize: 6, maxBytes });
    const batches = loader.batches();
    await batches.next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(usage.opened).toBe(opened);
    await batches.return();
  }
});

test('every view of every video comes once, whatever the numbers', async () => {
  const small = fc.integer({ min: 1, max: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      small,
      small,
      fc.integer({ min: 1, max: 9 }),
      fc.nat({ max: 3 }),
      async (videos, clips, crops, batchSize, prefetch) => {
        const entries = Array.from({ length: videos }, (_, i) => ({ path: `${i}` }));
        const options: ViewLoaderOptions = {
          entries,
          clip: { kind: 'views', frames: 1, size: 1, clips, crops },
          batchSize,
          prefetch,
        };
        // A view's first number tells which it is.
        const loader = new ViewLoader(options, async ({ index }) =>
          Float32Array.from({ length: clips * crops * 3 }, (_, i) => index * clips * crops + Math.floor(i / 3)),
        );
        const numbers: number[] = [];
        for await (const { video, places } of loader.batches()) {
          for (const [i, { index, clip, crop }] of places.entries()) {
            expect(video[3 * i]).toBe((index * clips + clip) * crops + crop);
            numbers.push(video[3 * i] ?? -1);
          }
        }
        expect(numbers).toEqual(Array.from({ length: videos * clips * crops }, (_, i) => i));
      },
    ),
  );
});

test('workers give the same views', async () => {
  const create = viewLoaderFactory(new LocalHost());
  const entries = ['a', 'bad', 'c'].map((path) => ({ path }));
  const loader = create({ entries, clip, batchSize: 5, workers: 2 });
  const made = await all(loader.batches());
  const { loader: plain } = loaderOf(['a', 'bad', 'c']);
  expect(made.views).toEqual((await all(plain.batches())).views);
  expect(loader.unreadable.map(({ path }) => path)).toEqual(['bad']);
  await loader.close();
});

test.each([
  [{ entries: [] }, 'entries: there is no video to view'],
  [{ batchSize: 0 }, 'batchSize must be'],
  [{ prefetch: -1 }, 'prefetch must be'],
  [{ clip: { ...clip, shortSide: 20 } }, 'shortSide must be at least size, 24, got 20'],
  [{ clip: { ...clip, crops: 0 } }, 'crops must be'],
  [{ clip: { ...clip, protocol: 'validation' } }, 'clips and crops must be 1 for validation, got 2 and 3'],
] as const)('refuses %j', (changes, message) => {
  expect(() => loaderOf(['a'], changes)).toThrow(message);
  expect(() => loaderOf(['a'], changes)).toThrow(DataError);
});

test('the short side is exact, the long side truncated', () => {
  expect(shortSideSize(320, 240, 224)).toEqual({ width: 298, height: 224 });
  expect(shortSideSize(240, 320, 224)).toEqual({ width: 224, height: 298 });
  expect(shortSideSize(171, 128, 224)).toEqual({ width: 299, height: 224 });
  expect(shortSideSize(100, 100, 224)).toEqual({ width: 224, height: 224 });
});

test('test windows are spread over the longer side and truncated; the validation window rounds half to even', () => {
  const test = { size: 224, protocol: 'test' } as const;
  expect(cropWindows(299, 224, { ...test, crops: 3 }).map(([x0, y0]) => [x0, y0])).toEqual([
    [0, 0],
    [37, 0],
    [75, 0],
  ]);
  expect(cropWindows(224, 299, { ...test, crops: 1 }).map(([x0, y0]) => [x0, y0])).toEqual([[0, 37]]);
  const validation = (width: number) => cropWindows(width, 224, { size: 224, crops: 1, protocol: 'validation' });
  // Halves: 37.5 and 38.5 both go to 38.
  expect(validation(299)).toEqual([[38, 0, 262, 224]]);
  expect(validation(301)).toEqual([[38, 0, 262, 224]]);
});

test('windows lie inside the resized frame, the first and the last at its ends', () => {
  const side = fc.integer({ min: 1, max: 2000 });
  const small = fc.integer({ min: 1, max: 300 });
  fc.assert(
    fc.property(side, side, small, fc.nat(50), fc.integer({ min: 1, max: 9 }), (w, h, size, extra, crops) => {
      const { width, height } = shortSideSize(w, h, size + extra);
      expect(Math.min(width, height)).toBe(size + extra);
      for (const protocol of ['test', 'validation'] as const) {
        const boxes = cropWindows(width, height, { size, crops: protocol === 'test' ? crops : 1, protocol });
        for (const [x0, y0, x1, y1] of boxes) {
          expect(x0 >= 0 && y0 >= 0 && x1 <= width && y1 <= height).toBe(true);
          expect([x1 - x0, y1 - y0]).toEqual([size, size]);
        }
        if (protocol === 'test' && crops > 1) {
          const along = boxes.map(([x0, y0]) => (height >= width ? y0 : x0));
          expect([along.at(0), along.at(-1)]).toEqual([0, Math.max(width, height) - size]);
        }
      }
    }),
  );
});
