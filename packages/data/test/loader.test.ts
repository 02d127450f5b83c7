import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DataError, Loader, type BatchPlace, type Dataset, type LoaderOptions } from '@umt/data';

interface Batch extends BatchPlace {
  readonly samples: readonly string[];
}

/** Samples that say their index and epoch, and how many are being loaded or were. */
class Recorder implements Dataset<string> {
  readonly started: string[] = [];
  running = 0;
  mostRunning = 0;
  constructor(
    readonly length: number,
    readonly load: (name: string) => Promise<unknown> = () => sleep(1),
  ) {}

  async sample(index: number, epoch: number): Promise<string> {
    const name = `${epoch}:${index}`;
    this.started.push(name);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    try {
      await this.load(name);
      return name;
    } finally {
      this.running--;
    }
  }
}

function loaderOf(dataset: Dataset<string>, options: Partial<LoaderOptions<string, Batch>> = {}) {
  const collate = (samples: readonly string[], place: BatchPlace) => ({ samples, ...place });
  return new Loader<string, Batch>({ dataset, collate, batchSize: 3, seed: 1, ...options });
}

async function collect(loader: Loader<string, Batch>, epoch: number, firstBatch?: number): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of loader.batches(epoch, firstBatch)) batches.push(batch);
  return batches;
}

test('gives the batches of an epoch in order, whatever order the samples finish in', async () => {
  const slowFirst = new Recorder(20, (name) => sleep(name.endsWith('1') ? 8 : 0));
  const batches = await collect(loaderOf(slowFirst, { concurrency: Infinity }), 4);
  expect(batches.map(({ epoch, step }) => [epoch, step])).toEqual([0, 1, 2, 3, 4, 5].map((step) => [4, step]));
  const plain = await collect(loaderOf(new Recorder(20), { prefetch: 0 }), 4);
  expect(batches).toEqual(plain);
  expect(new Set(batches.flatMap(({ samples }) => samples)).size).toBe(18);
});

test('starts at any batch of any epoch, with the batches of a run from the start', async () => {
  const whole = await collect(loaderOf(new Recorder(20)), 2);
  expect(await collect(loaderOf(new Recorder(20)), 2, 4)).toEqual(whole.slice(4));
  expect(await collect(loaderOf(new Recorder(20)), 2, 6)).toEqual([]);
});

test('makes no more batches ahead than it was told to, and no more samples at a time', async () => {
  const dataset = new Recorder(100);
  const loader = loaderOf(dataset, { prefetch: 2, concurrency: 4 });
  const iterator = loader.batches(0);
  await iterator.next();
  await sleep(50);
  expect(dataset.started).toHaveLength(9);
  await iterator.next();
  await sleep(50);
  expect(dataset.started).toHaveLength(12);
  expect(dataset.mostRunning).toBe(4);
});

test('holds no more samples than maxBytes has room for, beside the batch that was handed out', async () => {
  const startedAfterOne = async (maxBytes: number) => {
    const dataset = new Recorder(100);
    const options = { prefetch: 5, concurrency: Infinity, bytesPerSample: 10, maxBytes };
    await loaderOf(dataset, options).batches(0).next();
    await sleep(30);
    return dataset.started.length;
  };
  expect(await startedAfterOne(75)).toBe(3 + 7);
  // One batch has room whatever its size.
  expect(await startedAfterOne(0)).toBe(3 + 3);
  expect(await startedAfterOne(1e9)).toBe(3 + 15);
});

test('gives the same batches however little room there is, also where it jumps and where samples fail', async () => {
  const plain = await Promise.all([0, 1].map((epoch) => collect(loaderOf(new Recorder(20)), epoch)));
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        prefetch: fc.integer({ min: 0, max: 4 }),
        concurrency: fc.constantFrom(1, 2, Infinity),
        maxBytes: fc.integer({ min: 0, max: 100 }),
        bytesPerSample: fc.constant(10),
      }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 5 })), { maxLength: 6 }),
      async (options, jumps) => {
        const dataset = new Recorder(20, (name) => (name === '1:7' ? Promise.reject(new Error('bad')) : sleep(0)));
        const loader = loaderOf(dataset, options);
        for (const [epoch, first] of jumps) {
          const batch = await loader
            .batches(epoch, first)
            .next()
            .then(
              ({ value }) => value,
              () => 'bad',
            );
          const expected = plain[epoch]?.[first];
          expect(batch).toEqual(expected?.samples.includes('1:7') === true ? 'bad' : expected);
        }
        expect(await collect(loader, 0)).toEqual(plain[0]);
        await loader.close();
      },
    ),
    { numRuns: 25 },
  );
});

test('without prefetching, a batch is made when it is asked for', async () => {
  const dataset = new Recorder(100);
  const iterator = loaderOf(dataset, { prefetch: 0, concurrency: Infinity }).batches(0);
  await iterator.next();
  await sleep(20);
  expect(dataset.started).toHaveLength(3);
  expect(dataset.mostRunning).toBe(3);
});

test('makes the first batches of the next epoch ahead, and uses them', async () => {
  const dataset = new Recorder(9);
  const loader = loaderOf(dataset, { prefetch: 2, epochs: 2 });
  await collect(loader, 0);
  await sleep(30);
  expect(dataset.started.filter((name) => name.startsWith('1:'))).toHaveLength(6);
  await collect(loader, 1);
  expect(dataset.started).toHaveLength(18); // none loaded twice, none past the last epoch
});

test('skips batches that a trainer leaves out at the end of an epoch', async () => {
  const dataset = new Recorder(9);
  const loader = loaderOf(dataset, { prefetch: 2 });
  for await (const { step } of loader.batches(0)) if (step === 1) break;
  expect((await collect(loader, 1)).map(({ step }) => step)).toEqual([0, 1, 2]);
  const again = await collect(loader, 0);
  expect(again).toEqual(await collect(loaderOf(new Recorder(9)), 0));
});

test('a sample that fails ends the iteration at its batch, not before', async () => {
  const dataset = new Recorder(100, async (name) => {
    if (dataset.started.length === 8) throw new Error(`cannot read ${name}`);
  });
  const iterator = loaderOf(dataset, { prefetch: 5 }).batches(0);
  await sleep(10);
  expect((await iterator.next()).value).toMatchObject({ step: 0 });
  expect((await iterator.next()).value).toMatchObject({ step: 1 });
  await expect(iterator.next()).rejects.toThrow('cannot read 0:');
});

test('closing drops what waits, refuses what comes and lets go once', async () => {
  let closed = 0;
  const dataset = new Recorder(100, () => sleep(5));
  const loader = loaderOf(dataset, { prefetch: 5, onClose: async () => void closed++ });
  const iterator = loader.batches(0);
  const first = iterator.next();
  await sleep(1);
  await loader.close();
  await loader.close();
  await expect(first).rejects.toThrow('the loader was closed');
  await sleep(30);
  expect(dataset.started).toHaveLength(1);
  expect(closed).toBe(1);
  await expect(loader.batches(0).next()).rejects.toThrow(DataError);
});

test('counts the time that callers wait', async () => {
  const loader = loaderOf(new Recorder(9, () => sleep(100)), { concurrency: 3, prefetch: 1 });
  const iterator = loader.batches(0);
  await iterator.next();
  const first = loader.waitSeconds;
  expect(first).toBeGreaterThan(0.09);
  await sleep(250);
  await iterator.next();
  expect(loader.waitSeconds - first).toBeLessThan(0.05);
});

test('says how many batches an epoch has, and which option is wrong', () => {
  const loader = loaderOf(new Recorder(20), { worldSize: 2, rank: 1 });
  expect(loader).toMatchObject({ batchesPerEpoch: 3, batchSize: 3 });
  expect(() => loaderOf(new Recorder(20), { prefetch: -1 })).toThrow('prefetch must be');
  expect(() => loaderOf(new Recorder(20), { concurrency: 0 })).toThrow('concurrency must be');
  expect(() => loaderOf(new Recorder(20), { maxBytes: -1 })).toThrow('maxBytes must be');
  expect(() => loaderOf(new Recorder(2))).toThrow('2 samples do not fill one batch of 3');
});
