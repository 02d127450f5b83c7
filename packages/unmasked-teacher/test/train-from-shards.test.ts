import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openShardSet, packShards } from '@umt/data';
import { loadEngine } from '@umt/runtime';
import { setEngine, type Engine } from '@umt/tensor';
import { memoryStore, type CheckpointStore } from '@umt/trainer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runFinetuning, type FinetuneEvent } from '../src/finetune/run-finetuning.ts';
import { findVideos } from '../src/node/find-videos.ts';
import { findLabeledVideos } from '../src/node/labeled-videos.ts';
import { shardSetAt } from '../src/node/shard-set-at.ts';
import { finetuneTiny } from '../src/recipes/finetune/tiny.ts';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { runPretraining, type PretrainEvent } from '../src/stage1/run-pretraining.ts';
import { SMALL } from './small.ts';
import { SCENE_TESTS, SCENE_VIDEOS, SCENES, SMALL_FINETUNE } from './small-finetune.ts';

let folder: string;
let engine: Engine;
const set = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umt-shards-'));
  const choices = { encoding: 'rgb', shortSide: 32, frames: 6, shardBytes: 60_000, workers: 0 } as const;
  await packShards({ ...choices, entries: SCENE_VIDEOS, classes: SCENES, output: set('train') });
  await packShards({ ...choices, entries: SCENE_TESTS, classes: SCENES, output: set('test') });
  ({ engine } = await loadEngine({ device: 'wasm', gemm: 'xnnpack' }));
  setEngine(engine);
}, 60_000);
afterAll(async () => {
  setEngine(undefined);
  engine.dispose();
  await rm(folder, { recursive: true, force: true });
});

test('a folder with an index, the index itself and an address are shard sets; folders and lists are not', async () => {
  const { length } = SCENE_VIDEOS;
  expect((await shardSetAt(set('train')))?.length).toBe(length);
  expect((await shardSetAt(join(set('train'), 'index.json')))?.length).toBe(length);
  expect(await shardSetAt(folder)).toBeNull();
  expect(await shardSetAt('http://localhost:1/videos.csv')).toBeNull();
  const server = createServer((request, response) => void response.end(readFileSync(join(folder, request.url ?? ''))));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const paths = ['/train', '/train/', '/train/index.json'];
  const found = await Promise.all(paths.map((path) => shardSetAt(`http://127.0.0.1:${port}${path}`)));
  server.close();
  expect(found.map((one) => one?.length)).toEqual(paths.map(() => length));
});

test('pre-training reads a shard set, keeps videos out of it and measures on them', async () => {
  const config = pretrainTiny({
    ...SMALL,
    data: { ...SMALL.data, path: set('train'), heldOut: 2, clipsPerVideo: 2 },
    schedule: { epochs: 2, warmupEpochs: 0 },
  });
  const run = async (stopAt: number, store: CheckpointStore) => {
    const losses: number[] = [];
    const stop = new AbortController();
    const emit = (event: PretrainEvent) => {
      if (event.type !== 'step') return;
      losses.push(event.loss);
      if (event.step === stopAt) stop.abort();
    };
    const videos = await findVideos(config.data);
    const outcome = await runPretraining(
      { config, videos, teacherWeights: null, store },
      { emit, stopSignal: stop.signal },
    );
    return { losses, outcome };
  };
  const whole = await run(Infinity, memoryStore());
  expect(whole.outcome.trainingVideos).toBe(SCENE_VIDEOS.length - 2);
  expect(whole.outcome.heldOut?.videos).toHaveLength(2);
  expect(whole.outcome.clips).toHaveLength(2);
  expect(whole.outcome.brokenVideos).toEqual([]);
  const store = memoryStore();
  const first = await run(3, store);
  const second = await run(Infinity, store);
  expect([...first.losses, ...second.losses]).toEqual(whole.losses);
});

test('fine-tuning from shards has the classes of the sets, and stopped in an epoch it goes on as if it had not been', async () => {
  const config = finetuneTiny({
    ...SMALL_FINETUNE,
    data: { path: set('train'), validation: set('test') },
    loss: { classWeights: 'balanced' },
  });
  const { training, validation } = await findLabeledVideos(config.data);
  expect([training.classes, validation?.classes]).toEqual([SCENES, SCENES]);
  const run = async (stopAt: number, store: CheckpointStore) => {
    const losses: number[] = [];
    const stop = new AbortController();
    const emit = (event: FinetuneEvent) => {
      if (event.type !== 'step') return;
      losses.push(event.loss);
      if (event.step === stopAt) stop.abort();
    };
    const input = { config, training, validation, start: null, store };
    return { losses, outcome: await runFinetuning(input, { emit, stopSignal: stop.signal }) };
  };
  const whole = await run(Infinity, memoryStore());
  expect(whole.outcome).toMatchObject({ outcome: 'done', trainingVideos: SCENE_VIDEOS.length, brokenVideos: [] });
  expect(whole.outcome.validation).toMatchObject({ videos: SCENE_TESTS.length });
  expect(whole.outcome.clips.map(({ name }) => name)).toEqual(['clips/box-3.mp4', 'clips/street-4.mp4']);
  const store = memoryStore();
  const first = await run(3, store);
  const second = await run(Infinity, store);
  expect([...first.losses, ...second.losses]).toEqual(whole.losses);
});

test('a set of other classes is refused', async () => {
  const other = { path: set('train'), validation: set('other'), classes: null, prefix: null, separator: null };
  await packShards({
    entries: SCENE_TESTS,
    classes: [...SCENES].toReversed(),
    output: set('other'),
    encoding: 'rgb',
    shortSide: 16,
    frames: 1,
    workers: 0,
  });
  const data = { ...finetuneTiny(SMALL_FINETUNE).data, ...other };
  await expect(findLabeledVideos(data)).rejects.toThrow('it was packed with other classes');
  expect((await openShardSet(set('other'))).length).toBe(SCENE_TESTS.length);
});
