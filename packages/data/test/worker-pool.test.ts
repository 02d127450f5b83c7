import { expect, test } from 'vitest';
import {
  DataError,
  DataWorkerError,
  VideoClipDataset,
  type ClipOptions,
  type FinetuneClipOptions,
  type PretrainClipOptions,
} from '@umt/data';
import { VideoError } from '@umt/video';
import { ClipReader } from '../src/clip-reader.ts';
import { videoClipLoaderFactory } from '../src/video-clip-loader.ts';
import { WorkerPool } from '../src/worker-pool.ts';
import { serveClips, type ToWorker } from '../src/worker-protocol.ts';
import { LocalWorker } from './local-worker.ts';
import { synthetic } from './synthetic.ts';

const clip: PretrainClipOptions = { frames: 4, size: 16 };

function poolOf(count: number, options: ClipOptions = clip) {
  const workers: LocalWorker[] = [];
  const spawn = () => {
    const worker = new LocalWorker();
    workers.push(worker);
    return worker;
  };
  return { pool: new WorkerPool(spawn, count, options), workers, spawn };
}

const request = (index: number, path = 'a') => ({ entry: { path }, seed: 5, epoch: 0, index });

test('workers make fine-tuning clips, with every label of their videos', async () => {
  const entries = [{ path: 'a', labels: [2, 0] }, { path: 'b', label: 1 }, { path: 'c' }, { path: 'd', labels: [] }];
  const create = videoClipLoaderFactory(() => new LocalWorker());
  const finetune: FinetuneClipOptions = { kind: 'finetune', frames: 2, size: 16, copies: 2 };
  const loader = create({ entries, seed: 3, clip: finetune, batchSize: 4, workers: 2, shuffle: false, epochs: 1 });
  const reader = new ClipReader(finetune, synthetic(40).open);
  for await (const { video, shape, labels, labelSets } of loader.batches(0)) {
    expect(shape).toEqual([8, 2, 16, 16, 3]);
    expect(labels).toEqual([undefined, undefined, 1, 1, undefined, undefined, undefined, undefined]);
    expect(labelSets).toEqual([[2, 0], [2, 0], [1], [1], [], [], [], []]);
    for (const [index, entry] of entries.entries()) {
      const alone = await reader.read({ entry, seed: 3, epoch: 0, index });
      expect(video.subarray(index * alone.length, (index + 1) * alone.length)).toEqual(alone);
    }
  }
  await loader.close();
});

test('batches are the same bits with 0, 1 and 3 workers', async () => {
  const entries = Array.from({ length: 8 }, (_, i) => ({ path: i === 2 ? 'bad' : `clip${i}`, label: i }));
  const reader = new ClipReader(clip, synthetic(40).open);
  const plain = new VideoClipDataset({ entries, seed: 3, clip, load: (one) => reader.read(one) });
  for (const workers of [1, 3]) {
    const loader = videoClipLoaderFactory(() => new LocalWorker())({ entries, seed: 3, clip, batchSize: 3, workers });
    let count = 0;
    for await (const { video, shape, indices, paths } of loader.batches(1)) {
      expect(shape).toEqual([3, 4, 16, 16, 3]);
      const samples = await Promise.all(indices.map((index) => plain.sample(index, 1)));
      expect(video).toEqual(Float32Array.from(samples.flatMap((sample) => [...sample.video])));
      expect(paths).toEqual(samples.map(({ path }) => path));
      count++;
    }
    expect(count).toBe(2);
    await loader.close();
  }
});

test('spreads requests over the workers, and with a cache sends a sample to the same worker every time', async () => {
  const loads = (worker: LocalWorker) =>
    worker.received.flatMap((message) => (message.type === 'load' ? [message.request.index] : []));
  const even = poolOf(2);
  await Promise.all([0, 2, 4, 6].map((index) => even.pool.load(request(index))));
  expect(even.workers.map(loads)).toEqual([
    [0, 4],
    [2, 6],
  ]);
  const sticky = poolOf(2, { ...clip, cacheBytes: 1001 });
  await Promise.all([0, 2, 4, 1, 0].map((index) => sticky.pool.load(request(index))));
  expect(sticky.workers.map(loads)).toEqual([[0, 2, 4, 0], [1]]);
  expect(sticky.workers[0]?.received[0]).toMatchObject({ type: 'configure', options: { cacheBytes: 500 } });
});

test('keeps the process alive only while a worker has something to answer', async () => {
  const { pool, workers } = poolOf(1);
  expect(workers[0]?.isHeld).toBe(false);
  const loading = pool.load(request(0));
  expect(workers[0]?.isHeld).toBe(true);
  await loading;
  expect(workers[0]?.isHeld).toBe(false);
});

test('an unreadable video is a VideoError of its kind here too; any other failure a DataWorkerError', async () => {
  const { pool } = poolOf(1);
  const failing = pool.load(request(0, 'bad'));
  await expect(failing).rejects.toThrow(VideoError);
  await expect(failing).rejects.toMatchObject({ kind: 'not-video', message: '"bad" is no video' });
  const broken = new WorkerPool(() => new LocalWorker(() => Promise.reject(new TypeError('oops'))), 1, clip);
  await expect(broken.load(request(0))).rejects.toThrow('a data worker failed: oops');
});

test('when a worker dies every request fails, now and later, and the other workers end', async () => {
  const { pool, workers } = poolOf(2);
  const [first, second] = workers;
  for (const worker of workers) worker.answers = false;
  const waiting = [0, 1, 2].map((index) => pool.load(request(index)).catch((error: unknown) => error));
  second?.die('it ended with exit code 137');
  for (const error of await Promise.all(waiting)) {
    expect(error).toBeInstanceOf(DataWorkerError);
    expect((error as Error).message).toBe('data worker 2 of 2 died: it ended with exit code 137');
  }
  await expect(pool.load(request(3))).rejects.toThrow('data worker 2 of 2 died');
  expect(first?.isTerminated).toBe(true);
});

test('the loader reports the death of a worker before the epoch ends', async () => {
  const workers: LocalWorker[] = [];
  const spawn = () => {
    workers.push(new LocalWorker());
    return workers.at(-1) as LocalWorker;
  };
  const entries = Array.from({ length: 40 }, (_, i) => ({ path: `clip${i}` }));
  const loader = videoClipLoaderFactory(spawn)({ entries, seed: 3, clip, batchSize: 2, workers: 2, prefetch: 1 });
  const iterator = loader.batches(0);
  await iterator.next();
  workers[0]?.die('out of memory');
  // Batches that were ready before are still given.
  const rest = async () => {
    while (!(await iterator.next()).done);
  };
  await expect(rest()).rejects.toThrow('data worker 1 of 2 died: out of memory');
});

test('closing ends the workers and rejects what waits', async () => {
  const { pool, workers } = poolOf(2);
  for (const worker of workers) worker.answers = false;
  const waiting = pool.load(request(0)).catch((error: unknown) => error);
  await pool.close();
  expect(await waiting).toBeInstanceOf(DataError);
  expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, true]);
});

test('a worker that is told to close finishes the sample it is making, drops the rest, and ends', async () => {
  const heard: string[] = [];
  let say: (message: ToWorker) => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    serveClips(
      {
        listen: (onMessage) => (say = onMessage),
        post: (message) => heard.push(`sample ${message.id}`),
        close: () => {
          heard.push('end');
          resolve();
        },
      },
      (options) => new ClipReader(options, synthetic(40).open),
    );
  });
  const request = { entry: { path: 'a.mp4' }, index: 0, epoch: 0, seed: 1 };
  say({ type: 'configure', options: clip });
  for (const id of [0, 1, 2]) say({ type: 'load', id, request });
  await Promise.resolve(); // the first sample is being made
  say({ type: 'close' });
  await ended;
  expect(heard).toEqual(['sample 0', 'end']);
});
