import { loadEngine } from '@umt/runtime';
import { setEngine, singleProcess, type Engine } from '@umt/tensor';
import { memoryStore, type CheckpointStore } from '@umt/trainer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Overrides } from '../src/config/merge-config.ts';
import type { PretrainConfig } from '../src/config/pretrain-config.ts';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { runPretraining, type PretrainEvent, type PretrainOutcome } from '../src/stage1/run-pretraining.ts';
import { CLIPS, SMALL } from './small.ts';

let engine: Engine;
beforeAll(async () => {
  ({ engine } = await loadEngine({ device: 'wasm', gemm: 'xnnpack' }));
  setEngine(engine);
});
afterAll(() => {
  setEngine(undefined);
  engine.dispose();
});

/** Two of each of three scenes. */
const VIDEOS = ['box-1', 'box-2', 'cup-1', 'cup-2', 'tree-1', 'tree-2'].map((name) => ({
  path: `${CLIPS}/${name}.mp4`,
}));

async function run(
  changes: Overrides<PretrainConfig> = {},
  store: CheckpointStore | null = null,
  stopAfter = Infinity,
) {
  const config = pretrainTiny({ ...SMALL, ...changes });
  const events: PretrainEvent[] = [];
  const stop = new AbortController();
  const emit = (event: PretrainEvent) => {
    events.push(event);
    if (event.type === 'step' && event.step >= stopAfter) stop.abort();
  };
  const outcome = await runPretraining(
    { config, videos: VIDEOS, teacherWeights: null, store },
    { emit, stopSignal: stop.signal },
  );
  return { outcome, events, losses: lossesOf(events) };
}

function lossesOf(events: readonly PretrainEvent[]): readonly (readonly [number, number])[] {
  return events.flatMap((event) => (event.type === 'step' ? [[event.step, event.loss] as const] : []));
}

describe('a run on real videos', () => {
  let whole: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    whole = await run();
  }, 60_000);

  test('takes the steps that videos, clips per video, batch and epochs make, and learns', () => {
    // (6 - 2 held out) x 4 clips / 4 = 4 steps an epoch, 4 epochs
    expect(whole.outcome).toMatchObject({ outcome: 'done', step: 16, totalSteps: 16 });
    const losses = whole.losses.map(([, loss]) => loss);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.2);
  });

  test('measures held-out videos on the way and at the end, beside the guess that sees no pixel', () => {
    const measured = whole.events.flatMap((event) => (event.type === 'evaluation' ? [event.step] : []));
    expect(measured).toEqual([0, 4, 8, 12, 16]);
    expect(whole.outcome.heldOut).toMatchObject({ videos: [`${CLIPS}/cup-1.mp4`, `${CLIPS}/tree-2.mp4`], clips: 16 });
    expect(whole.outcome.heldOut?.blindLoss).toBeGreaterThan(0);
  });

  test('shows one clip of each of as many videos as were asked for', () => {
    expect(whole.outcome.clips.map(({ name }) => name)).toEqual(['cup-1.mp4', 'tree-2.mp4']);
    for (const { strip, frames, grid, attention, visible } of whole.outcome.clips) {
      expect(strip.rgb).toHaveLength(strip.width * strip.height * 3);
      expect(attention).toHaveLength(frames * grid ** 2);
      expect(visible).toHaveLength(frames * 4); // 16 - trunc(16 x 0.8)
    }
  });

  test('hands over the student under its official names', () => {
    const { student } = whole.outcome;
    expect(student.get('encoder.patch_embed.proj.weight')?.shape).toEqual([24, 3, 1, 8, 8]);
    expect(student.get('clip_decoder.1.head.weight')?.shape).toEqual([16, 24]);
  });

  test('has the same losses with the same seed, bit for bit, and others with another', async () => {
    expect((await run({ report: { evaluateEverySteps: null, clips: 0 } })).losses).toEqual(whole.losses);
    expect((await run({ seed: 1, schedule: { ...SMALL.schedule, maxSteps: 2 } })).losses).not.toEqual(
      whole.losses.slice(0, 2),
    );
  });

  test('stopped and gone on, it has the losses of a run that was never stopped, and the same weights', async () => {
    const store = memoryStore();
    const first = await run({}, store, 6);
    expect(first.outcome.outcome).toBe('stopped');
    expect(first.outcome.step).toBeLessThan(10);
    const second = await run({}, store);
    expect(second.outcome).toMatchObject({ outcome: 'done', step: 16 });
    expect([...first.losses, ...second.losses]).toEqual(whole.losses);
    expect(weightsOf(second.outcome)).toEqual(weightsOf(whole.outcome));
  });

  test('with all it can vary still runs: dense frames, repeats, jitter, tube masks, smooth loss, accumulation, clipping', async () => {
    const { outcome } = await run({
      video: { frames: 2, size: 32, sampling: 'dense', stride: 2, repeats: 2, colorJitter: 0.2, flip: false },
      mask: { kind: 'tube', ratio: 0.5 },
      alignment: { layers: 2, loss: 'smooth_l1', normalize: 'none' },
      batch: { size: 2, accumulation: 3 },
      optimizer: { clipNorm: 0.1 },
      schedule: { epochs: 1, warmupEpochs: 0, warmupSteps: 1 },
    });
    expect(outcome).toMatchObject({ outcome: 'done', step: 2, skippedSteps: 0 });
  });
});

test('a batch that processes cannot share is refused', async () => {
  const input = { config: pretrainTiny(SMALL), videos: VIDEOS, teacherWeights: null, store: null };
  const collective = { ...singleProcess, worldSize: 3 };
  await expect(runPretraining(input, { collective })).rejects.toThrow(
    'batch.size must be a multiple of 3, the processes that share it, not 4 (--batch-size)',
  );
});

test('a broken video among good ones is named once and replaced', async () => {
  const config = pretrainTiny({
    ...SMALL,
    data: { ...SMALL.data, heldOut: 0 },
    report: { clips: 1, evaluateEverySteps: null },
  });
  const videos = [...VIDEOS.slice(0, 3), { path: `${CLIPS}/README.md` }];
  const events: PretrainEvent[] = [];
  const outcome = await runPretraining(
    { config, videos, teacherWeights: null, store: null },
    { emit: (event) => events.push(event) },
  );
  expect(outcome.outcome).toBe('done');
  expect(outcome.brokenVideos).toHaveLength(1);
  expect(outcome.brokenVideos[0]).toContain('README.md');
  expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1);
});

test('a run may hold nothing out and show no clip', async () => {
  const { outcome } = await run({
    data: { ...SMALL.data, heldOut: 0 },
    report: { clips: 0, evaluateEverySteps: null },
    schedule: { ...SMALL.schedule, maxSteps: 1 },
  });
  expect(outcome).toMatchObject({ outcome: 'done', step: 1, heldOut: null, clips: [] });
});

test('a batch that no epoch fills is refused with the numbers', async () => {
  await expect(run({ batch: { size: 17, accumulation: 1 } })).rejects.toThrow(
    'batch.size must be at most 16, the clips of an epoch (4 videos for training x data.clipsPerVideo 4), not 17 (--batch-size)',
  );
});

function weightsOf({ student }: PretrainOutcome) {
  return [...student].map(([name, { data }]) => [name, data] as const);
}
