import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { BatchPlan, Loader, type ClipBatch, type VideoEntry } from '@umt/data';
import { videoClipLoaderFactory, type VideoClipLoaderOptions } from '../src/video-clip-loader.ts';
import { repeatVideos, videoListOf, type Videos } from '../src/video-list.ts';
import { LocalHost, LocalWorker } from './local-worker.ts';
import { synthetic } from './synthetic.ts';

const range = (length: number) => Array.from({ length }, (_, i) => i);

/** How often each value comes. */
function counted<T>(values: readonly T[]): ReadonlyMap<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

test('what an epoch leaves out differs from epoch to epoch, and falls on all samples alike', () => {
  const [length, global, epochs] = [10, 4, 2000];
  const plan = new BatchPlan({ length, batchSize: 2, worldSize: 2, seed: 3 });
  const ranks = [plan, new BatchPlan({ length, batchSize: 2, worldSize: 2, rank: 1, seed: 3 })];
  const left = range(epochs).map((epoch) => {
    const seen = ranks.flatMap((rank) => range(plan.batchesPerEpoch).flatMap((step) => [...rank.indices(epoch, step)]));
    return range(length).filter((index) => !seen.includes(index));
  });
  expect(left.every((one) => one.length === length % global)).toBe(true);
  // Each is left out in a fifth of the epochs: 400 +- five standard deviations of 18.
  const counts = counted(left.flat());
  for (const index of range(length)) expect(Math.abs((counts.get(index) ?? 0) - 400)).toBeLessThan(90);
  const same = left.filter((one, epoch) => one.join() === left[epoch - 1]?.join()).length;
  // Of the 45 pairs that may be left out, one in 45 epochs has the pair of the epoch before.
  expect(same).toBeGreaterThan(20);
  expect(same).toBeLessThan(80);
});

const loading = fc
  .record({
    length: fc.integer({ min: 1, max: 60 }),
    repeats: fc.integer({ min: 1, max: 4 }),
    batchSize: fc.integer({ min: 1, max: 7 }),
    worldSize: fc.integer({ min: 1, max: 4 }),
    concurrency: fc.constantFrom(1, 2, 5, Infinity),
    prefetch: fc.nat({ max: 4 }),
    seed: fc.nat(),
    epoch: fc.nat({ max: 50 }),
    from: fc.nat(),
  })
  .filter(({ length, repeats, batchSize, worldSize }) => length * repeats >= batchSize * worldSize);

test('batches that are loaded visit each video as often as it is listed, but for what does not fill a batch', async () => {
  await fc.assert(
    fc.asyncProperty(loading, async ({ length, repeats, worldSize, epoch, from, ...options }) => {
      const listed = repeatVideos(
        range(length).map((i) => ({ path: `${i}` })),
        repeats,
      );
      const rankBatches = (rank: number, firstBatch = 0, prefetch = options.prefetch) =>
        collect(
          new Loader<number, readonly number[]>({
            ...options,
            ...{ rank, worldSize, prefetch },
            dataset: { length: listed.length, sample: async (index) => (index % 3 ? index : sleep(0, index)) },
            collate: (samples) => samples,
          }),
          epoch,
          firstBatch,
        );
      const ranks = await Promise.all(range(worldSize).map((rank) => rankBatches(rank)));
      const seen = ranks.flat(2);
      const global = options.batchSize * worldSize;
      expect(seen).toHaveLength(listed.length - (listed.length % global));
      expect(new Set(seen).size).toBe(seen.length);
      const visits = counted(seen.map((index) => index % length));
      expect(Math.max(...visits.values())).toBeLessThanOrEqual(repeats);
      expect(length * repeats - sum(visits.values())).toBe(listed.length % global);
      // A rank that begins anywhere goes on as the one that began at the start, whatever it makes ahead.
      const whole = ranks.at(-1) ?? [];
      const firstBatch = from % (whole.length + 1);
      expect(await rankBatches(worldSize - 1, firstBatch, 0)).toEqual(whole.slice(firstBatch));
    }),
    { numRuns: 30 },
  );
});

const clips = fc
  .record({
    length: fc.integer({ min: 2, max: 14 }),
    repeats: fc.integer({ min: 1, max: 3 }),
    copies: fc.integer({ min: 1, max: 2 }),
    batchSize: fc.integer({ min: 1, max: 3 }),
    worldSize: fc.integer({ min: 1, max: 3 }),
    workers: fc.integer({ min: 1, max: 3 }),
    others: fc.integer({ min: 1, max: 3 }),
    seed: fc.nat(),
    epoch: fc.nat({ max: 9 }),
    from: fc.nat(),
    bad: fc.uniqueArray(fc.nat({ max: 13 }), { maxLength: 3 }),
    isSharded: fc.boolean(),
    deaths: fc.array(fc.nat({ max: 40 }), { maxLength: 2 }),
  })
  .filter(({ length, repeats, batchSize, worldSize }) => length * repeats >= batchSize * worldSize);

test('clips are the same bits with any workers, ranks, deaths of workers and places to resume at, bad videos included', async () => {
  await fc.assert(
    fc.asyncProperty(clips, async ({ worldSize, workers, others, epoch, from, deaths, ...setting }) => {
      const { length, repeats, copies, batchSize, seed } = setting;
      const bad = setting.bad.filter((index) => index < length).slice(0, length - 1);
      const videos = range(length).map((i) => ({ path: bad.includes(i) ? `bad${i}` : `good${i}`, label: i }));
      const entries = repeatVideos(setting.isSharded ? inShards(videos) : videos, repeats);
      const options = {
        ...{ entries, seed, clip: { frames: 2, size: 4, copies } },
        ...{ maxUnreadableShare: 1, maxAttempts: 1000, shuffleWindow: 2, epochs: epoch + 1 },
      };
      const alone = await clipsOf({ ...options, batchSize: batchSize * worldSize, workers }, epoch);
      const ranks = await Promise.all(
        range(worldSize).map((rank) =>
          clipsOf({ ...options, batchSize, worldSize, rank, workers: others }, epoch, 0, deaths),
        ),
      );
      const together = alone.map((_, step) => ranks.map((batches) => batches[step]));
      const fields = (batches: readonly (ClipBatch | undefined)[]) => ({
        indices: batches.flatMap((one) => one?.indices ?? []),
        paths: batches.flatMap((one) => one?.paths ?? []),
        labels: batches.flatMap((one) => one?.labels ?? []),
        video: batches.flatMap((one) => [...(one?.video ?? [])]),
      });
      expect(together.map(fields)).toEqual(alone.map((batch) => fields([batch])));
      const firstBatch = from % (alone.length + 1);
      const resumed = await clipsOf(
        { ...options, batchSize: batchSize * worldSize, workers: others },
        epoch,
        firstBatch,
      );
      expect(resumed).toEqual(alone.slice(firstBatch));

      const visits = counted(alone.flatMap(({ indices }) => indices));
      expect([...visits.values()].every((count) => count === copies)).toBe(true);
      expect(visits.size).toBe(entries.length - (entries.length % (batchSize * worldSize)));
      for (const { paths, labels, indices } of alone) {
        expect(paths).toEqual(labels.map((label) => `good${label}`));
        for (const [i, index] of indices.entries()) {
          if (!bad.includes(index % length)) expect(labels[i]).toBe(index % length);
        }
      }
    }),
    { numRuns: 25 },
  );
});

async function collect<Sample, Batch>(
  loader: Loader<Sample, Batch>,
  epoch: number,
  firstBatch: number,
): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of loader.batches(epoch, firstBatch)) batches.push(batch);
  await loader.close();
  return batches;
}

/** Starts workers in this thread, which die a turn after they were given some of the videos. */
class DeadlyHost extends LocalHost {
  readonly #deaths: readonly number[];
  #opened = 0;

  /** @param deaths which of the videos that are opened, counted over all workers */
  constructor(deaths: readonly number[]) {
    super();
    this.#deaths = deaths;
  }

  override spawn(): LocalWorker {
    const { open } = synthetic(5, 8, 6);
    const worker: LocalWorker = new LocalWorker((entry) => {
      if (this.#deaths.includes(this.#opened++)) setTimeout(() => worker.die('it was killed'));
      return open(entry);
    });
    this.workers.push(worker);
    return worker;
  }
}

/** Batches of an epoch, made by workers in this thread. */
async function clipsOf(
  options: VideoClipLoaderOptions,
  epoch: number,
  firstBatch = 0,
  deaths: readonly number[] = [],
): Promise<ClipBatch[]> {
  const create = videoClipLoaderFactory(new DeadlyHost(deaths));
  return collect(create(options), epoch, firstBatch);
}

/** The videos as a list by number whose neighbours lie in shards of three. */
function inShards(videos: readonly VideoEntry[]): Videos {
  const groups = range(Math.ceil(videos.length / 3)).map((i) => Math.min(3, videos.length - 3 * i));
  return { ...videoListOf(videos), groups };
}
