import { describe, expect, it } from 'vitest';
import {
  checkpointStore,
  memoryStore,
  ResumeError,
  type CheckpointOptions,
  type CheckpointStore,
  type TrainingEvent,
} from '../src/index.ts';
import { runTiny } from './support/tiny-run.ts';

const NOISY = { noise: 0.1 };

async function stepsIn(store: CheckpointStore): Promise<readonly number[]> {
  return (await store.list()).complete.map(({ step }) => step);
}

/** A run that is asked to stop as soon as it reports a step; it reports one step late. */
async function runUntil(step: number, checkpoints: CheckpointOptions) {
  const stop = new AbortController();
  const onEvent = (event: TrainingEvent) => {
    if (event.type === 'step' && event.step === step) stop.abort();
  };
  return runTiny({ checkpoints }, NOISY, { stopSignal: stop.signal, onEvent });
}

describe('stop and resume', () => {
  it('writes a checkpoint, and the rest of the run is that of a run which was never stopped', async () => {
    const whole = await runTiny();
    for (const stopAt of [1, 4, 5, 8, 13]) {
      const store = memoryStore();
      const first = await runUntil(stopAt, { store });
      const at = first.result.step;
      expect(first.result).toMatchObject({ outcome: 'stopped', checkpointStep: at });
      expect(first.events.at(-1)).toMatchObject({ type: 'stopped', step: at, checkpointStep: at, totalSteps: 15 });
      expect(at).toBeLessThanOrEqual(stopAt + 1);
      const second = await runTiny({ checkpoints: { store } });
      expect(second.events.find((event) => event.type === 'start')).toMatchObject({ firstStep: at });
      expect([...first.steps, ...second.steps]).toEqual(whole.steps);
      expect(second.result).toMatchObject({ outcome: 'done', step: 15, checkpointStep: 15 });
    }
  });

  it('resumes inside an accumulated epoch at the right batch', async () => {
    const changes = { accumulationSteps: 2, maxSteps: 5 };
    const whole = await runTiny(changes);
    const store = memoryStore();
    const first = await runTiny({ ...changes, maxSteps: 3, checkpoints: { store } });
    const second = await runTiny({ ...changes, checkpoints: { store } });
    expect([...first.steps, ...second.steps]).toEqual(whole.steps);
  });

  it('stops before the first step without leaving a checkpoint', async () => {
    const store = memoryStore();
    const { result } = await runTiny({ checkpoints: { store } }, NOISY, { stopSignal: AbortSignal.abort() });
    expect(result).toMatchObject({
      outcome: 'stopped',
      step: 0,
      totalSteps: 15,
      skippedSteps: 0,
      checkpointStep: null,
    });
    expect(await stepsIn(store)).toEqual([]);
  });

  it('finishes at once where the run was already done', async () => {
    const store = memoryStore();
    await runTiny({ checkpoints: { store } });
    const again = await runTiny({ checkpoints: { store } });
    expect(again.result).toMatchObject({ outcome: 'done', step: 15 });
    expect(again.steps).toEqual([]);
  });

  it('keeps count of skipped steps', async () => {
    const store = memoryStore();
    const task = { factor: (step: number) => (step === 1 || step === 8 ? NaN : 1) };
    await runTiny({ checkpoints: { store }, maxSteps: 5 }, task);
    const { result } = await runTiny({ checkpoints: { store } }, task);
    expect(result.skippedSteps).toBe(2);
  });
});

describe('checkpoints', () => {
  it('are written by steps and by epochs, the newest are kept', async () => {
    const written = async (options: Omit<CheckpointOptions, 'store'>) => {
      const store = memoryStore();
      const { events } = await runTiny({ checkpoints: { store, ...options } });
      const steps = events.filter((event) => event.type === 'checkpoint').map(({ step }) => step);
      return { steps, kept: await stepsIn(store) };
    };
    expect(await written({})).toEqual({ steps: [5, 10, 15], kept: [15, 10, 5] });
    expect(await written({ everySteps: 4, everyEpochs: 0, keep: 2 })).toEqual({
      steps: [4, 8, 12, 15],
      kept: [15, 12],
    });
    expect(await written({ everyEpochs: 2 })).toEqual({ steps: [10, 15], kept: [15, 10] });
  });

  it('wait for a step that is finite', async () => {
    const store = memoryStore();
    const task = { factor: (step: number) => (step === 4 || step === 5 ? NaN : 1) };
    const { events } = await runTiny({ checkpoints: { store }, maxSteps: 9 }, task);
    expect(events.filter((event) => event.type === 'checkpoint').map(({ step }) => step)).toEqual([7, 9]);
  });

  it('hold the model under its own names, the moments under those of PyTorch, and the state', async () => {
    const store = memoryStore();
    const { model, engine } = await runTiny({ checkpoints: { store }, maxSteps: 5 });
    const [entry] = (await store.list()).complete;
    if (!entry) throw new Error('no checkpoint');
    expect(Object.keys(entry.files)).toEqual(['model.safetensors', 'optimizer.safetensors', 'state.json']);
    const { openSafetensors } = await import('@umt/checkpoint');
    const file = await openSafetensors(await store.open(entry, 'model.safetensors'));
    expect([...file.tensors.keys()].sort()).toEqual([...model.parameters().keys()].sort());
    expect((await file.read('fc1_weight')).data).toEqual(await engine.read(model.fc1_weight.value.handle));
    const moments = await openSafetensors(await store.open(entry, 'optimizer.safetensors'));
    expect([...moments.tensors.keys()].sort()).toEqual([
      'fc1_bias.exp_avg',
      'fc1_bias.exp_avg_sq',
      'fc1_weight.exp_avg',
      'fc1_weight.exp_avg_sq',
      'fc2_weight.exp_avg',
      'fc2_weight.exp_avg_sq',
      'step',
    ]);
    expect([...(await moments.read('step')).data]).toEqual([5]);
  });

  it('are the same bytes for the same run', async () => {
    const bytes = async () => {
      const store = memoryStore();
      await runTiny({ checkpoints: { store }, maxSteps: 5 });
      return (await store.list()).complete[0]?.files;
    };
    expect(await bytes()).toEqual(await bytes());
  });
});

describe('which checkpoint a run goes on from', () => {
  it('is exactly the one asked for; later ones are given up once a new one is written, and that is said', async () => {
    const whole = await runTiny();
    const store = memoryStore();
    await runTiny({ checkpoints: { store } });
    const { steps, events } = await runTiny({ checkpoints: { store, resume: 5 }, maxSteps: 7 });
    expect(steps).toEqual(whole.steps.slice(5, 7));
    expect(await stepsIn(store)).toEqual([7, 5]);
    expect(events.find((event) => event.type === 'warning')?.message).toMatch(/resumed from step 5.*\(15, 10\)/);
  });

  it('is none that is not there', async () => {
    const store = memoryStore();
    await runTiny({ checkpoints: { store } });
    const run = runTiny({ checkpoints: { store, resume: 6 } });
    await expect(run).rejects.toThrow(ResumeError);
    await expect(run).rejects.toThrow(/no complete checkpoint of step 6; it holds 15, 10, 5/);
  });

  it('is none where a new run was asked for, which then refuses a store that is in use', async () => {
    const store = memoryStore();
    await runTiny({ checkpoints: { store, resume: 'never' }, maxSteps: 5 });
    await expect(runTiny({ checkpoints: { store, resume: 'never' } })).rejects.toThrow(/already holds checkpoints/);
  });

  it.each([
    [{ seed: 4 }, /seed = 3, this run has 4/],
    [{ learningRate: { peak: 0.1, final: 0.001 } }, /learningRate.peak = 0.05, this run has 0.1/],
    [{ config: { model: { depth: 5 } } }, /config.model.depth = 4, this run has 5/],
  ])('is none of a run with other settings: %j', async (changes, message) => {
    const store = memoryStore();
    const config = { model: { depth: 4 } };
    await runTiny({ checkpoints: { store }, maxSteps: 5, config });
    await expect(runTiny({ checkpoints: { store }, config, ...changes })).rejects.toThrow(message);
  });

  it('is the newest that is whole: a damaged one is passed over and named', async () => {
    const whole = await runTiny();
    const { store, files } = inspectable();
    await runTiny({ checkpoints: { store }, maxSteps: 10 });
    const victim = files.get('step-00000010')?.get('optimizer.safetensors');
    if (!victim) throw new Error('nothing to damage');
    victim[victim.length - 1] = (victim[victim.length - 1] ?? 0) ^ 1;
    const { steps, events } = await runTiny({ checkpoints: { store } });
    expect(steps).toEqual(whole.steps.slice(5));
    expect(events.find((event) => event.type === 'warning')?.message).toBe(
      'the checkpoint step-00000010 in a test is damaged: optimizer.safetensors has another checksum than when it was written',
    );
  });

  it('is none where every one is damaged: the run does not silently start anew', async () => {
    const { store, files } = inspectable();
    await runTiny({ checkpoints: { store }, maxSteps: 5 });
    files.get('step-00000005')?.delete('manifest.json');
    await expect(runTiny({ checkpoints: { store } })).rejects.toThrow(
      /none of the 1 checkpoints in a test can be read/,
    );
  });
});

/** A store whose bytes a test can damage. */
function inspectable() {
  const files = new Map<string, Map<string, Uint8Array>>();
  const store = checkpointStore({
    place: 'a test',
    folders: async () => [...files.keys()],
    create: async (folder) => {
      const content = new Map<string, Uint8Array>();
      return {
        async write(name, pieces) {
          const bytes: number[] = [];
          for await (const piece of pieces) bytes.push(...piece);
          content.set(name, Uint8Array.from(bytes));
        },
        commit: async () => void files.set(folder, content),
        abandon: async () => {},
      };
    },
    replace: async (folder, name, bytes) => void files.get(folder)?.set(name, bytes.slice()),
    open: async (folder, name) => {
      const bytes = files.get(folder)?.get(name);
      if (!bytes) return null;
      return {
        name,
        byteLength: bytes.length,
        read: async (begin, end) => bytes.subarray(begin, end),
        close: async () => {},
      };
    },
    remove: async (folder) => void files.delete(folder),
  });
  return { store, files };
}
