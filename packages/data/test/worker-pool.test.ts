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
import { LocalHost, type LocalWorker } from './local-worker.ts';
import { synthetic } from './synthetic.ts';

const clip: PretrainClipOptions = { frames: 4, size: 16 };

function poolOf(count: number, options: ClipOptions = clip, host = new LocalHost()) {
  return { pool: new WorkerPool(host, count, options), host, workers: host.workers };
}

const request = (index: number, path = 'a') => ({ entry: { path }, seed: 5, epoch: 0, index });

test('workers make fine-tuning clips, with every label of their videos', async () => {
  const entries = [{ path: 'a', labels: [2, 0] }, { path: 'b', label: 1 }, { path: 'c' }, { path: 'd', labels: [] }];
  const create = videoClipLoaderFactory(new LocalHost());
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
    const loader = videoClipLoaderFactory(new LocalHost())({ entries, seed: 3, clip, batchSize: 3, workers });
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
  const broken = new WorkerPool(new LocalHost(() => Promise.reject(new TypeError('oops'))), 1, clip);
  await expect(broken.load(request(0))).rejects.toThrow('a data worker failed: oops');
});

test('a worker that dies is replaced, its samples are made again to the same bits, and that is told once', async () => {
  const { pool, host, workers } = poolOf(2);
  await Promise.all([0, 1].map((index) => pool.load(request(index))));
  for (const worker of [...workers]) worker.answers = false;
  const waiting = [0, 1, 2, 3, 4].map((index) => pool.load(request(index)));
  const [first, second] = workers;
  second?.die('it ended with exit code 137');
  first?.die('out of memory');
  const reader = new ClipReader(clip, synthetic(40).open);
  for (const [index, video] of (await Promise.all(waiting)).entries()) {
    expect(video).toEqual(await reader.read(request(index)));
  }
  expect(workers).toHaveLength(4);
  expect(first?.isTerminated).toBe(true);
  expect(host.warnings).toEqual([
    'a data worker died (it ended with exit code 137) and was replaced: its samples are made again, with the same result',
  ]);
});

test('a sample that three workers die of is an undecodable video; the samples behind it are made', async () => {
  const host = new LocalHost(async (entry) => {
    if (entry.path === 'fatal') {
      await new Promise((resolve) => setTimeout(resolve, 5));
      host.workers.at(-1)?.die('it crashed');
    }
    return synthetic(40).open(entry);
  });
  const { pool } = poolOf(1, clip, host);
  const fatal = pool.load(request(0, 'fatal')).catch((error: unknown) => error);
  const behind = [1, 2].map((index) => pool.load(request(index)));
  expect(await fatal).toMatchObject({
    name: 'VideoError',
    kind: 'undecodable',
    message: '"fatal" ended 3 data workers, the last one so: it crashed; convert it or leave it out',
  });
  await Promise.all(behind);
  expect(host.workers).toHaveLength(4);
  expect(host.warnings).toHaveLength(1);
});

test('workers that cannot start are gone without; when none can, every request fails, now and later', async () => {
  const { pool, host, workers } = poolOf(2);
  const waiting = [0, 1, 2, 3].map((index) => pool.load(request(index)));
  workers[0]?.die('its script is not there');
  await Promise.all(waiting);
  expect(workers).toHaveLength(2);
  expect(host.warnings).toEqual(['a data worker could not be started (its script is not there): 1 of 2 go on']);

  const none = poolOf(2);
  const failing = [0, 1, 2].map((index) => none.pool.load(request(index)).catch((error: unknown) => error));
  for (const worker of none.workers) worker.die('its script is not there');
  for (const error of [...(await Promise.all(failing)), await none.pool.load(request(3)).catch((e: unknown) => e)]) {
    expect(error).toBeInstanceOf(DataWorkerError);
    expect(error).toMatchObject({
      message: 'no data worker can be started, of 2 that were tried: its script is not there',
    });
  }
});

test('a worker that ends over and over without work is not started again and again', async () => {
  const { pool, workers } = poolOf(1);
  await pool.load(request(0));
  workers[0]?.die('it ended');
  expect(workers).toHaveLength(2);
  await new Promise((resolve) => setTimeout(resolve, 5));
  workers[1]?.die('it ended again');
  expect(workers).toHaveLength(2);
  await expect(pool.load(request(1))).rejects.toThrow('no data worker can be started');
});

test('samples that wait behind a slow one are made by workers that have nothing to do', async () => {
  let finishSlow: () => void = () => undefined;
  const slow = new Promise<void>((resolve) => (finishSlow = resolve));
  const host = new LocalHost(async (entry) => {
    if (entry.path === 'slow') await slow;
    return synthetic(40).open(entry);
  });
  const { pool } = poolOf(2, clip, host);
  const order: number[] = [];
  const requests = [0, 1, 2, 3, 4, 5].map(async (index) => {
    const video = await pool.load(request(index, index === 0 ? 'slow' : 'a'));
    order.push(index);
    return video;
  });
  await Promise.all(requests.slice(1));
  finishSlow();
  await Promise.all(requests);
  // Its own queue first, then the oldest of the other's.
  expect(order).toEqual([1, 3, 5, 2, 4, 0]);
});

test('a request that another worker took over too late is answered once', async () => {
  const { pool, workers } = poolOf(2);
  const videos = [0, 1, 2].map((index) => pool.load(request(index)));
  // The first worker hears of nothing, so that it makes what was taken from it too.
  const [first] = workers;
  if (first !== undefined) {
    const post = first.post.bind(first);
    first.post = (message) => message.type === 'drop' || post(message);
  }
  const reader = new ClipReader(clip, synthetic(40).open);
  expect(await Promise.all(videos)).toEqual(await Promise.all([0, 1, 2].map((index) => reader.read(request(index)))));
});

test('memory that is given back is used again, and what it held shows nowhere', async () => {
  const host = new LocalHost();
  const pool = new WorkerPool(host, 1, clip, 1);
  const first = await pool.load(request(0));
  const expected = first.slice();
  const spent = [first.fill(NaN), new Float32Array(first.length)];
  for (const video of spent) pool.recycle(video);
  // No longer ours.
  expect(await pool.load(request(0))).toEqual(expected);
  expect(spent.map(({ length }) => length)).toEqual([0, expected.length]);
  for (const options of [
    { kind: 'finetune', frames: 2, size: 16, copies: 2 },
    { kind: 'views', frames: 2, size: 16, clips: 2, crops: 3 },
  ] as const) {
    const reader = new ClipReader(options, synthetic(40).open);
    const fresh = await reader.read(request(3));
    expect(await reader.read(request(3), new Float32Array(fresh.length).fill(NaN))).toEqual(fresh);
  }
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
        post: (message) => heard.push(message.type === 'ready' ? 'ready' : `${message.type} ${message.id}`),
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
  for (const id of [0, 1, 2]) say({ type: 'load', id, request, spare: undefined });
  await Promise.resolve(); // the first sample is being made
  say({ type: 'close' });
  await ended;
  expect(heard).toEqual(['ready', 'sample 0', 'end']);
});
