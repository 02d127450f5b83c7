import { openSafetensors } from '@umt/checkpoint';
import { Parameter } from '@umt/nn';
import { read, scalar, setEngine, tensor } from '@umt/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryStore, ParameterAverage, train, TrainOptionsError, type TrainOptions } from '../src/index.ts';
import { Float32Engine } from './support/float32-engine.ts';
import { TINY } from './support/tiny-run.ts';
import { TinyModel, tinyTask, type TinyBatch, type TinyTaskOptions } from './support/tiny-task.ts';

let engine = new Float32Engine();
beforeEach(() => setEngine((engine = new Float32Engine())));

const DECAY = 0.9;
const NOISY: TinyTaskOptions = { noise: 0.1 };

/** Trains the tiny model with an average of its parameters. */
async function runAveraged(changes: Partial<TrainOptions<TinyBatch>> = {}, task = NOISY, decay = DECAY) {
  const model = new TinyModel(1);
  const average = new ParameterAverage(model.parameters(), { decay });
  const result = await train(tinyTask(model, task), { ...TINY, averaging: average, ...changes });
  return { result, model, average };
}

async function valuesOf(cells: ReadonlyMap<string, Parameter>): Promise<ReadonlyMap<string, readonly number[]>> {
  const values = new Map<string, readonly number[]>();
  for (const [name, { value }] of cells) values.set(name, Array.from(await read(value)));
  return values;
}

const weightsOf = async (model: TinyModel) => Array.from(await read(model.fc1_weight.value));
const averageOf = async (average: ParameterAverage) => (await valuesOf(average.state())).get('ema.fc1_weight') ?? [];

/** The batches of a tiny run, and what the weights were when each was asked for: after every step. */
function observed(model: TinyModel) {
  const weights: (readonly number[])[] = [];
  const { batchSize, batchesPerEpoch, batches } = TINY.batches;
  return {
    weights,
    batches: {
      batchSize,
      batchesPerEpoch,
      async *batches(epoch: number, first: number) {
        for await (const batch of batches(epoch, first)) {
          weights.push(await weightsOf(model));
          yield batch;
        }
      },
    },
  };
}

describe('averaged parameters', () => {
  it('move by decay x average + (1 - decay) x value', async () => {
    const parameter = new Parameter(tensor([1, -8], [2]));
    const average = new ParameterAverage(new Map([['w', parameter]]), { decay: 0.75 });
    const after = async (isApplied: number) => {
      average.update(scalar(isApplied, 'bool'));
      return (await valuesOf(average.state())).get('ema.w');
    };
    parameter.assign(tensor([2, 0], [2]));
    expect(await after(1)).toEqual([1.25, -6]);
    parameter.assign(tensor([5, 4], [2]));
    expect(await after(0)).toEqual([1.25, -6]); // the step was not applied
    expect(await after(1)).toEqual([2.1875, -3.5]);
  });

  it('leave alone what is not trainable', async () => {
    const frozen = new Parameter(tensor([0.1, 1 / 3], [2]), { trainable: false });
    const average = new ParameterAverage(new Map([['pos_embed', frozen]]), { decay: 0.9999 });
    for (let step = 0; step < 10; step++) average.update(scalar(1, 'bool'));
    expect((await valuesOf(average.state())).get('ema.pos_embed')).toEqual([...Float32Array.of(0.1, 1 / 3)]);
  });

  it('follow the weights of every step of a run, but not of steps that were skipped', async () => {
    const model = new TinyModel(1);
    const average = new ParameterAverage(model.parameters(), { decay: DECAY });
    const { weights, batches } = observed(model);
    const skipped = [3, 8];
    const task = { ...NOISY, factor: (step: number) => (skipped.includes(step) ? NaN : 1) };
    await train(tinyTask(model, task), { ...TINY, batches, averaging: average });
    weights.push(await weightsOf(model));
    expect(weights.length).toBe(16);
    let expected = weights[0] ?? [];
    for (const [step, after] of weights.slice(1).entries()) {
      if (skipped.includes(step)) continue;
      expected = expected.map((value, index) => DECAY * value + (1 - DECAY) * (after[index] ?? NaN));
    }
    const found = await averageOf(average);
    for (const [index, value] of found.entries()) expect(value).toBeCloseTo(expected[index] ?? NaN, 6);
    expect(found).not.toEqual(weights.at(-1));
  });

  it('do not change what a run learns', async () => {
    const plain = new TinyModel(1);
    await train(tinyTask(plain, NOISY), TINY);
    const { model } = await runAveraged();
    expect(await valuesOf(model.parameters())).toEqual(await valuesOf(plain.parameters()));
  });

  it('come back from a checkpoint bit for bit, under ema.<name>', async () => {
    const whole = await runAveraged();
    const store = memoryStore();
    const first = await runAveraged({ checkpoints: { store }, maxSteps: 7 });
    const second = await runAveraged({ checkpoints: { store } });
    expect(await valuesOf(second.average.state())).toEqual(await valuesOf(whole.average.state()));
    expect(await averageOf(second.average)).not.toEqual(await averageOf(first.average));

    const entry = (await store.list()).complete.find(({ step }) => step === 7);
    if (!entry) throw new Error('no checkpoint of step 7');
    const file = await openSafetensors(await store.open(entry, 'optimizer.safetensors'));
    const { data } = await file.read('ema.fc1_weight');
    expect(data).toEqual(Float32Array.from(await averageOf(first.average)));
    expect(file.tensors.get('ema.fc1_weight')?.shape).toEqual([6, 4]);
  });

  it('are part of what a checkpoint must agree on', async () => {
    const store = memoryStore();
    await runAveraged({ checkpoints: { store }, maxSteps: 5 });
    await expect(runAveraged({ checkpoints: { store } }, NOISY, 0.5)).rejects.toThrow(
      /averaging.decay = 0.9, this run has 0.5/,
    );
    await expect(train(tinyTask(new TinyModel(1)), { ...TINY, checkpoints: { store } })).rejects.toThrow(
      /averaging = \{"decay":0.9\}, this run has nothing/,
    );
  });

  it('refuse a decay outside 0 <= decay < 1', () => {
    for (const decay of [-0.1, 1, NaN]) {
      expect(() => new ParameterAverage(new Map(), { decay })).toThrow(TrainOptionsError);
    }
  });
});

describe('running with averaged parameters', () => {
  it('shows the averages and then puts the weights back, also where the run throws', async () => {
    const { model, average } = await runAveraged({ maxSteps: 5 });
    const own = await weightsOf(model);
    const averages = await averageOf(average);
    expect(await average.withAveragedParameters(() => weightsOf(model))).toEqual(averages);
    expect(await weightsOf(model)).toEqual(own);
    const failing = average.withAveragedParameters(async () => {
      expect(await weightsOf(model)).toEqual(averages);
      throw new Error('no videos');
    });
    await expect(failing).rejects.toThrow('no videos');
    expect(await weightsOf(model)).toEqual(own);
    expect(await averageOf(average)).toEqual(averages);
  });

  it('between two steps leaves the rest of a training run as it would have been', async () => {
    const plain = await runAveraged();
    const model = new TinyModel(1);
    const average = new ParameterAverage(model.parameters(), { decay: DECAY });
    const { batchSize, batchesPerEpoch, batches } = TINY.batches;
    const evaluated: (readonly number[])[] = [];
    await train(tinyTask(model, NOISY), {
      ...TINY,
      averaging: average,
      batches: {
        batchSize,
        batchesPerEpoch,
        async *batches(epoch, first) {
          for await (const batch of batches(epoch, first)) {
            evaluated.push(await average.withAveragedParameters(() => weightsOf(model)));
            yield batch;
          }
        },
      },
    });
    expect(evaluated.length).toBe(15);
    expect(await valuesOf(model.parameters())).toEqual(await valuesOf(plain.model.parameters()));
    expect(await averageOf(average)).toEqual(await averageOf(plain.average));
  });

  it('is refused while such a run is under way', async () => {
    const { average } = await runAveraged({ maxSteps: 1 });
    const nested = average.withAveragedParameters(() => average.withAveragedParameters(() => 1));
    await expect(nested).rejects.toThrow(/the averages are in place already/);
    expect(await average.withAveragedParameters(() => 2)).toBe(2);
  });

  it('leaves no tensor behind, and neither do the averages', async () => {
    const model = new TinyModel(1);
    const before = engine.memory().tensors;
    const average = new ParameterAverage(model.parameters(), { decay: DECAY });
    await train(tinyTask(model), { ...TINY, averaging: average });
    await average.withAveragedParameters(() => weightsOf(model));
    expect(engine.memory().tensors).toBe(before + model.parameters().size);
    average.dispose();
    expect(engine.memory().tensors).toBe(before);
  });
});
