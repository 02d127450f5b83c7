import { arraySource, type NamedArray } from '@umt/nn';
import { loadEngine } from '@umt/runtime';
import { setEngine, type Engine } from '@umt/tensor';
import { memoryStore, type CheckpointStore } from '@umt/trainer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FinetuneConfig } from '../src/config/finetune-config.ts';
import type { Overrides } from '../src/config/merge-config.ts';
import {
  runFinetuning,
  type BestMeasurement,
  type FinetuneEvent,
  type FinetuneInput,
  type FinetuneOutcome,
} from '../src/finetune/run-finetuning.ts';
import { finetuneTiny } from '../src/recipes/finetune/tiny.ts';
import { CLIPS } from './small.ts';
import { SCENE_TESTS, SCENE_VIDEOS, SCENES, SMALL_FINETUNE } from './small-finetune.ts';

let engine: Engine;
beforeAll(async () => {
  ({ engine } = await loadEngine({ device: 'wasm', gemm: 'xnnpack' }));
  setEngine(engine);
});
afterAll(() => {
  setEngine(undefined);
  engine.dispose();
});

interface Settings extends Partial<Omit<FinetuneInput, 'config' | 'store'>> {
  readonly store?: CheckpointStore;
  /** Asks the run to stop at the first event for which it is true. */
  readonly stopAt?: (event: FinetuneEvent) => boolean;
}

async function run(changes: Overrides<FinetuneConfig> = {}, { stopAt, ...input }: Settings = {}) {
  const config = finetuneTiny({ ...SMALL_FINETUNE, ...changes });
  const events: FinetuneEvent[] = [];
  const saved: BestMeasurement[] = [];
  const stop = new AbortController();
  const emit = (event: FinetuneEvent) => {
    events.push(event);
    if (stopAt?.(event)) stop.abort();
  };
  const outcome = await runFinetuning(
    {
      config,
      training: { entries: SCENE_VIDEOS, classes: SCENES },
      validation: { entries: SCENE_TESTS, classes: SCENES },
      start: null,
      store: null,
      ...input,
    },
    { emit, stopSignal: stop.signal, saveBest: async (_, best) => void saved.push(best) },
  );
  const losses = events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
  const accuracies = events.flatMap((event) => (event.type === 'accuracy' ? [event] : []));
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  return { outcome, losses, accuracies, warnings, saved };
}

const weightsOf = ({ classifier }: FinetuneOutcome) =>
  [...classifier.weights].map(([name, { data }]) => [name, data] as const);

/** A starting point from the weights that another run ended with. */
function startFrom({ classifier }: FinetuneOutcome, headRows: readonly number[] | null = null) {
  return { weights: arraySource(classifier.weights), headRows };
}

describe('a run on real videos of three scenes', () => {
  let whole: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    whole = await run();
  }, 60_000);

  test('takes the steps that videos, batch and epochs make, and learns', () => {
    expect(whole.outcome).toMatchObject({ outcome: 'done', step: 8, totalSteps: 8, skippedSteps: 0 });
    expect(whole.losses.at(-1)).toBeLessThan((whole.losses[0] ?? 0) - 0.05);
  });

  test('is measured after every epoch, and the best is handed over as it comes', () => {
    expect(whole.accuracies.map(({ step }) => step)).toEqual([2, 4, 6, 8]);
    const best = whole.accuracies.filter(({ isBest }) => isBest);
    expect(whole.saved).toEqual(best.map(({ step, top1 }) => ({ step, top1 })));
    expect(whole.outcome.best).toEqual(whole.saved.at(-1));
    expect(whole.outcome.validation).toMatchObject({ videos: 3, top1: whole.accuracies.at(-1)?.top1 });
    expect(whole.outcome.validation?.confusion.flat().reduce((sum, count) => sum + count)).toBe(3);
  });

  test('hands over a classifier under official names that knows its classes and its clips', () => {
    const { card, weights } = whole.outcome.classifier;
    expect(card).toMatchObject({
      classes: SCENES,
      probeHeads: null,
      sampling: { kind: 'sparse' },
      shortSide: 16,
      model: { width: 24, heads: 3, classes: 3, frames: 2, imageSize: 16 },
    });
    expect(weights.get('patch_embed.proj.weight')?.shape).toEqual([24, 3, 1, 8, 8]);
    expect(weights.get('head.weight')?.shape).toEqual([3, 24]);
  });

  test('shows some validation clips with what is said of them', () => {
    expect(whole.outcome.clips.map(({ name }) => name)).toEqual(['clips/box-3.mp4', 'clips/street-4.mp4']);
    for (const { strip, frames, labels, predictions } of whole.outcome.clips) {
      expect(strip.rgb).toHaveLength(frames * 16 * 16 * 3);
      expect(SCENES).toContain(labels[0]);
      expect(predictions.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    }
  });

  test('stopped and gone on, it has the losses of a run that was never stopped, and the same weights', async () => {
    const store = memoryStore();
    const first = await run({}, { store, stopAt: (event) => event.type === 'step' && event.step === 3 });
    expect(first.outcome).toMatchObject({ outcome: 'stopped', validation: null, clips: [] });
    const second = await run({}, { store });
    expect(second.outcome).toMatchObject({ outcome: 'done', step: 8, best: whole.outcome.best });
    expect([...first.losses, ...second.losses]).toEqual(whole.losses);
    expect(weightsOf(second.outcome)).toEqual(weightsOf(whole.outcome));
  });

  test('stopped while it is measured it ends at once, counts nothing, and is measured when it goes on', async () => {
    const store = memoryStore();
    const isMeasuring = (event: FinetuneEvent) => event.type === 'phase' && event.detail === 'measuring';
    const first = await run({}, { store, stopAt: isMeasuring });
    expect(first.outcome).toMatchObject({ outcome: 'stopped', step: 2, validation: null });
    expect(first.warnings).toEqual(['measuring was stopped after 1 of 3 videos; it does not count']);
    expect(first.accuracies).toEqual([]);

    let steps = 0;
    const atTheEnd = (event: FinetuneEvent) => {
      if (event.type === 'step') steps = event.step;
      return isMeasuring(event) && steps === 8;
    };
    const second = await run({}, { store, stopAt: atTheEnd });
    expect(second.outcome).toMatchObject({ outcome: 'done', step: 8, validation: null, clips: [] });
    expect(second.accuracies.map(({ step }) => step)).toEqual([2, 4, 6]);
    expect([...first.losses, ...second.losses]).toEqual(whole.losses);
    const third = await run({}, { store });
    expect(third.outcome.validation).toEqual(whole.outcome.validation);
  });

  test('frozen features: a linear probe changes the head alone, an attentive probe adds its own', async () => {
    const start = startFrom(whole.outcome);
    const from = { weights: 'a.safetensors', head: 'new' } as const;
    const linear = await run({ method: 'linear-probe', from }, { start });
    const changed = weightsOf(linear.outcome).filter(
      ([name, data]) => !sameNumbers(data, whole.outcome.classifier.weights.get(name)?.data),
    );
    expect(changed.map(([name]) => name)).toEqual(['head.weight', 'head.bias']);

    const attentive = await run({ method: 'attentive-probe', from }, { start });
    expect(attentive.outcome.classifier.card.probeHeads).toBe(3);
    const names = [...attentive.outcome.classifier.weights.keys()].filter((name) => name.startsWith('probe.'));
    expect(names).toContain('probe.query');
    expect(attentive.losses.at(-1)).toBeLessThan(attentive.losses[0] ?? 0);
  });

  test('averaged weights are what is measured and handed over', async () => {
    const { outcome, losses } = await run({ averaging: { decay: 0.9 } });
    expect(losses).toEqual(whole.losses); // averaging does not bend the run
    expect(weightsOf(outcome)).not.toEqual(weightsOf(whole.outcome));
  });

  test('a head of other classes gives way, rows of a larger one are taken, and either is said', async () => {
    const pair = {
      training: { entries: SCENE_VIDEOS.slice(0, 4), classes: SCENES.slice(0, 2) },
      validation: null,
    };
    const once = { schedule: { ...SMALL_FINETUNE.schedule, warmupEpochs: 0, epochs: 1 } };
    const other = await run(once, { ...pair, start: startFrom(whole.outcome) });
    expect(other.warnings).toEqual([
      'head.weight of the starting weights is [3, 24], needed is [2, 24]: it begins anew',
      'head.bias of the starting weights is [3], needed is [2]: it begins anew',
    ]);
    const rows = await run(once, { ...pair, start: startFrom(whole.outcome, [2, 0]) });
    expect(rows.warnings).toEqual([]);
    expect(rows.losses[0]).not.toEqual(other.losses[0]);
  });
});

test('with all it can vary still runs: mixing, augmentation, copies, accumulation, decay by layer, recomputed blocks, views', async () => {
  const { outcome, warnings } = await run({
    video: { ...SMALL_FINETUNE.video, sampling: 'dense', stride: 2 },
    model: { ...SMALL_FINETUNE.model, dropout: 0.1, layerScale: 0.1, pooling: 'first-token', recomputedBlocks: 1 },
    augmentation: { randAugment: 'rand-m7-n4-mstd0.5-inc1', flip: true, erasing: 1, repeats: 2 },
    mixing: { probability: 1 },
    optimizer: { layerDecay: 0.75, clipNorm: 1 },
    batch: { size: 2, accumulation: 3 },
    schedule: { epochs: 1, warmupEpochs: 0, warmupSteps: 1 },
    evaluation: { clips: 2, crops: 3, shortSide: 20 },
  });
  expect(outcome).toMatchObject({ outcome: 'done', step: 1, skippedSteps: 0 });
  expect(outcome.test).toMatchObject({ videos: 3 });
  expect(warnings).toEqual([]);
});

test('videos of several classes, and classes that count alike, have losses of their own', async () => {
  const several = SCENE_VIDEOS.map(({ path, label }) => ({ path, labels: [label, 0] }));
  const multi = await run(
    { loss: { kind: 'multi-label', smoothing: 0 } },
    { training: { entries: several, classes: SCENES } },
  );
  expect(multi.outcome.classifier.card.task).toBe('multi-label');
  expect(multi.losses.at(-1)).toBeLessThan(multi.losses[0] ?? 0);
  await expect(run({}, { training: { entries: several, classes: SCENES } })).rejects.toThrow(
    "a clip has 2 classes where it needs one; a loss of kind 'multi-label' takes any number",
  );
  const balanced = await run({ loss: { classWeights: 'balanced' } });
  expect(balanced.outcome.outcome).toBe('done');
});

test('a broken validation video is left out and named, a broken training video replaced', async () => {
  const broken = { path: `${CLIPS}/README.md`, label: 0 };
  const { outcome, warnings } = await run(
    {},
    {
      training: { entries: [...SCENE_VIDEOS.slice(1), broken], classes: SCENES },
      validation: { entries: [broken, ...SCENE_TESTS], classes: SCENES },
    },
  );
  expect(outcome.validation?.videos).toBe(3);
  expect(outcome.brokenVideos).toHaveLength(1);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/README\.md.*; another video takes its place/);
});

function sameNumbers(a: Float32Array, b: NamedArray['data'] | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((value, i) => value === b[i]);
}
