import { createWasmEngine } from '@umt/engine-tfjs';
import { read, setEngine, type Engine } from '@umt/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryStore, ParameterAverage, train, type CheckpointStore, type TrainingEvent } from '../src/index.ts';
import { Float32Engine } from './support/float32-engine.ts';
import { runTiny, TINY } from './support/tiny-run.ts';
import { TinyModel, tinyTask } from './support/tiny-task.ts';

const NOISY = { noise: 0.1 };

describe('on the wasm engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createWasmEngine();
  });
  afterAll(() => engine.dispose());

  it('gives the losses of the reference engine', async () => {
    const losses = (events: readonly TrainingEvent[]) =>
      events.filter((event) => event.type === 'step').map(({ loss }) => loss);
    const expected = losses((await runTiny()).events);
    const actual = losses((await runTiny({}, NOISY, {}, engine)).events);
    expect(actual.length).toBe(15);
    for (const [i, loss] of actual.entries()) expect(Math.abs(loss - (expected[i] ?? NaN))).toBeLessThan(1e-5);
  });

  it('gives the same losses bit for bit again, and after a stop', async () => {
    const whole = (await runTiny({}, NOISY, {}, engine)).steps;
    expect((await runTiny({}, NOISY, {}, engine)).steps).toEqual(whole);
    const store = memoryStore();
    const first = await runTiny({ checkpoints: { store }, maxSteps: 7 }, NOISY, {}, engine);
    const second = await runTiny({ checkpoints: { store } }, NOISY, {}, engine);
    expect([...first.steps, ...second.steps]).toEqual(whole);
  });

  it('writes the weights of the step although training changes them in place meanwhile, and lets go of them', async () => {
    const filesOf = async (store: CheckpointStore, step: number) =>
      (await store.list()).complete.find((entry) => entry.step === step)?.files;
    const expected = memoryStore();
    await runTiny({ checkpoints: { store: expected }, maxSteps: 5 }, NOISY, {}, engine);
    const atStart = engine.memory().tensors;

    const inner = memoryStore();
    let goOn = () => {};
    const isPast = new Promise<void>((resolve) => (goOn = resolve));
    const slow: CheckpointStore = {
      place: 'a slow place',
      async save(step, files, metadata) {
        await isPast;
        return inner.save(step, files, metadata);
      },
      annotate: (...of) => inner.annotate(...of),
      list: () => inner.list(),
      open: (...of) => inner.open(...of),
      remove: (step) => inner.remove(step),
      prune: (choose) => inner.prune(choose),
      lock: () => inner.lock(),
    };
    let stepsMeanwhile = 0;
    const onEvent = (event: TrainingEvent) => {
      if (event.type === 'checkpoint' && event.step === 5) expect(event.stallSeconds).toBeLessThan(event.seconds);
      if (event.type === 'step' && event.step > 5 && ++stepsMeanwhile === 3) goOn();
    };
    const { model } = await runTiny({ checkpoints: { store: slow } }, NOISY, { onEvent }, engine);
    const files = async (store: CheckpointStore) => {
      const { 'state.json': _state, ...tensors } = (await filesOf(store, 5)) ?? {};
      return tensors;
    };
    expect(await files(inner)).toEqual(await files(expected));
    model.dispose();
    expect(engine.memory().tensors).toBe(atStart);
  });

  it('skips a step that is not finite', async () => {
    const task = { factor: (step: number) => (step === 3 ? NaN : 1) };
    const { result, events } = await runTiny({}, task, {}, engine);
    expect(result.skippedSteps).toBe(1);
    expect(events.filter((event) => event.type === 'step').every(({ loss }) => Number.isFinite(loss))).toBe(true);
  });

  it('averages parameters as the reference engine does, and shares no memory with them', async () => {
    const averages = async (on: Engine) => {
      setEngine(on);
      const model = new TinyModel(1);
      const average = new ParameterAverage(model.parameters(), { decay: 0.9 });
      const task = tinyTask(model, { noise: 0.1, factor: (step) => (step === 3 ? NaN : 1) });
      await train(task, { ...TINY, averaging: average });
      const own = await read(model.fc1_weight.value);
      const shown = await average.withAveragedParameters(() => read(model.fc1_weight.value));
      expect(await read(model.fc1_weight.value)).toEqual(own);
      expect(shown).not.toEqual(own);
      average.dispose();
      model.dispose();
      return shown;
    };
    const expected = await averages(new Float32Engine());
    for (const [index, value] of (await averages(engine)).entries())
      expect(value).toBeCloseTo(expected[index] ?? NaN, 5);
  });

  it('holds the same tensors and bytes at every step of a thousand', async () => {
    const atStart = engine.memory();
    const held = new Set<string>();
    const onEvent = (event: TrainingEvent) => {
      if (event.type === 'step' && event.step % 50 === 25) held.add(JSON.stringify(engine.memory()));
    };
    const { model } = await runTiny({ epochs: 200 }, NOISY, { onEvent }, engine);
    expect(held.size).toBe(1);
    model.dispose();
    expect(engine.memory()).toEqual({ ...atStart, reservedBytes: engine.memory().reservedBytes });
  });
});
