import {
  add,
  concat,
  fullLike,
  keep,
  pad,
  setEngine,
  singleProcess,
  slice,
  type Collective,
  type Tensor,
} from '@umt/tensor';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import {
  DivergedError,
  ResumeError,
  train,
  TrainOptionsError,
  type BatchSource,
  type TrainingEvent,
} from '../src/index.ts';
import { Float32Engine } from './support/float32-engine.ts';
import { runTiny, TINY } from './support/tiny-run.ts';
import { tinyBatches, TinyModel, tinyTask, type TinyBatch } from './support/tiny-task.ts';

const losses = (events: readonly TrainingEvent[]) =>
  events.filter((event) => event.type === 'step').map(({ loss }) => loss);

describe('train', () => {
  it('takes every step of the schedule in order and learns', async () => {
    const { result, events } = await runTiny({ epochs: 40 }, {});
    const steps = events.filter((event) => event.type === 'step');
    expect(result).toEqual({
      ...{ outcome: 'done', step: 200, totalSteps: 200, skippedSteps: 0 },
      ...{ checkpointStep: null, rollBacks: 0, best: null },
    });
    expect(steps.map(({ step, epoch }) => [step, epoch])).toEqual(
      Array.from({ length: 200 }, (_, i) => [i + 1, Math.floor(i / 5)]),
    );
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses(events).slice(-20))).toBeLessThan(0.1 * mean(losses(events).slice(0, 5)));
  });

  it('gives the same losses bit for bit for the same seed, and others for another', async () => {
    const [first, again, other] = [await runTiny(), await runTiny(), await runTiny({ seed: 4 })];
    expect(again.steps).toEqual(first.steps);
    expect(other.steps).not.toEqual(first.steps);
  });

  it('uses the rate of the schedule at every step', async () => {
    const { events } = await runTiny();
    const rates = events.filter((event) => event.type === 'step').map(({ learningRate }) => learningRate);
    expect(rates.slice(0, 4)).toEqual([0, 0.025, 0.05, 0.05]);
    expect(rates.at(-1)).toBeCloseTo(0.001 + 0.5 * 0.049 * (1 + Math.cos((Math.PI * 11) / 12)), 12);
  });

  it('reports an epoch with the mean of its steps', async () => {
    const { events } = await runTiny();
    const epochs = events.filter((event) => event.type === 'epoch');
    expect(epochs.map(({ epoch, step }) => [epoch, step])).toEqual([
      [0, 5],
      [1, 10],
      [2, 15],
    ]);
    const mean =
      losses(events)
        .slice(5, 10)
        .reduce((sum, loss) => sum + loss, 0) / 5;
    expect(epochs[1]?.loss).toBeCloseTo(mean, 12);
    expect(Object.keys(epochs[1]?.metrics ?? {})).toEqual(['bias']);
  });

  it('begins with the sizes of the run and ends with done', async () => {
    const { events } = await runTiny();
    expect(events[0]).toEqual({
      type: 'start',
      firstStep: 0,
      totalSteps: 15,
      stepsPerEpoch: 5,
      epochs: 3,
      effectiveBatchSize: 4,
      trainableParameters: 6 * 4 + 6 + 6,
      device: 'plain JavaScript, float64',
    });
    expect(events.at(-1)).toMatchObject({ type: 'done', step: 15, skippedSteps: 0 });
    const phases = events.filter((event) => event.type === 'phase').map(({ phase }) => phase);
    expect(phases).toEqual(['compiling', 'training']);
  });

  it('ends at maxSteps without bending the schedule', async () => {
    const [whole, short] = [await runTiny(), await runTiny({ maxSteps: 7 })];
    expect(short.result).toMatchObject({ outcome: 'done', step: 7, totalSteps: 7 });
    expect(short.steps).toEqual(whole.steps.slice(0, 7));
  });

  it('reads the values of a step only while the next one is computed', async () => {
    let release = () => {};
    // A device that answers a read no sooner than the next loss is computed, or the data is done with.
    class SlowToAnswer extends Float32Engine {
      override async read(handle: Tensor['handle']) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return super.read(handle);
      }
    }
    const batches: BatchSource<TinyBatch> = {
      ...TINY.batches,
      async *batches(epoch, first) {
        try {
          yield* TINY.batches.batches(epoch, first);
        } finally {
          release();
        }
      },
    };
    const task = {
      factor: () => {
        release();
        return 1;
      },
    };
    const { result, events } = await runTiny({ batches, maxSteps: 4 }, task, {}, new SlowToAnswer());
    expect(result.step).toBe(4);
    expect(losses(events).length).toBe(4);
  }, 5_000);

  it('reports speed, waiting and time left from the clock', async () => {
    let clock = 0;
    const batches: BatchSource<TinyBatch> = {
      ...TINY.batches,
      async *batches(epoch, first) {
        for await (const batch of TINY.batches.batches(epoch, first)) {
          clock += 0.5;
          yield batch;
        }
      },
    };
    const compute = () => {
      clock += 1.5;
      return 1;
    };
    const { events } = await runTiny({ batches }, { factor: compute }, { now: () => clock });
    const step = events.filter((event) => event.type === 'step')[9];
    expect(step?.samplesPerSecond).toBeCloseTo(2, 12);
    expect(step?.secondsLeft).toBeCloseTo(5 * 2, 12);
    expect(step?.dataWaitShare).toBeCloseTo(0.25, 12);
  });

  it.each([
    [{ epochs: 0 }, /epochs must be a whole number from 1 on, got 0/],
    [{ seed: 0.5 }, /seed/],
    [{ accumulationSteps: 6 }, /an epoch of 5 batches holds no step of 6/],
    [{ learningRate: { peak: NaN, final: 0 } }, /learningRate.peak/],
    [{ learningRate: { peak: 1, final: 0, warmupEpochs: 4 } }, /warm-up of 20 steps does not fit into a run of 15/],
  ])('refuses %j in one line', async (changes, message) => {
    await expect(runTiny(changes)).rejects.toThrow(TrainOptionsError);
    await expect(runTiny(changes)).rejects.toThrow(message);
  });
});

describe('steps and data', () => {
  it('never ask for a batch beyond the whole steps of an epoch', async () => {
    const asked: string[] = [];
    const source = tinyBatches(4, 7);
    const batches: BatchSource<TinyBatch> = {
      ...source,
      async *batches(epoch, first) {
        let number = first;
        for await (const batch of source.batches(epoch, first)) {
          asked.push(`${epoch}:${number++}`);
          yield batch;
        }
      },
    };
    const { result } = await runTiny({ batches, epochs: 2, accumulationSteps: 2 });
    expect(result.step).toBe(6);
    expect(asked).toEqual(['0:0', '0:1', '0:2', '0:3', '0:4', '0:5', '1:0', '1:1', '1:2', '1:3', '1:4', '1:5']);
  });

  it('say so when the data ends early', async () => {
    const batches = { ...tinyBatches(4, 3), batchesPerEpoch: 5 };
    await expect(runTiny({ batches })).rejects.toThrow(/epoch 0: the data ended after batch 3 of the 5/);
  });

  it('let the source close when the run ends inside an epoch', async () => {
    let closed = 0;
    const batches: BatchSource<TinyBatch> = {
      ...TINY.batches,
      async *batches(epoch, first) {
        try {
          yield* TINY.batches.batches(epoch, first);
        } finally {
          closed++;
        }
      },
    };
    await runTiny({ batches, maxSteps: 7 });
    expect(closed).toBe(2);
    await expect(runTiny({ batches, maxSkippedInARow: 2 }, { factor: () => NaN })).rejects.toThrow(DivergedError);
    expect(closed).toBe(3);
  });
});

describe('accumulation', () => {
  it('of four micro-batches equals one batch of all their samples', async () => {
    const [whole, parts] = [
      await runTiny({ batches: tinyBatches(8, 5) }),
      await runTiny({ batches: tinyBatches(2, 20), accumulationSteps: 4 }),
    ];
    expect(parts.result.step).toBe(15);
    const [expected, actual] = [losses(whole.events), losses(parts.events)];
    for (const [i, loss] of actual.entries()) expect(Math.abs(loss - (expected[i] ?? NaN))).toBeLessThan(2e-6);
    const metrics = (run: typeof whole) =>
      run.events.filter((event) => event.type === 'step').map((event) => event.metrics['bias'] ?? NaN);
    for (const [i, bias] of metrics(parts).entries())
      expect(Math.abs(bias - (metrics(whole)[i] ?? NaN))).toBeLessThan(2e-6);
  });

  it('would differ if the loss were not divided', async () => {
    const parts = await runTiny({ batches: tinyBatches(2, 20), accumulationSteps: 4 });
    const single = await runTiny({ batches: tinyBatches(2, 20) });
    const norms = (run: typeof parts) =>
      run.events.filter((event) => event.type === 'step').map(({ gradientNorm }) => gradientNorm);
    const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(average(norms(parts))).toBeLessThan(1.5 * average(norms(single)));
  });
});

/** Two ranks that hold the same, but for the first number of what rank 1 gathers. Lists the sizes of each sum. */
function twinCollective(other: (first: number) => number = (first) => first) {
  const sums: (readonly number[])[] = [];
  const twins: Collective = {
    ...singleProcess,
    worldSize: 2,
    allReduceSum: (own) => add(own, own),
    startAllReduceSum(tensors) {
      sums.push(tensors.map(({ size }) => size));
      const doubled = tensors.map((own) => keep(add(own, own)));
      return { finish: () => doubled };
    },
    allGather: (own) => concat([own, add(own, pad(fullLike(slice(own, [0, 0], [1, 1]), other(0)), [0, 0], [0, 2]))]),
  };
  return { twins, sums };
}

describe('several ranks', () => {
  it('average gradients, losses and metrics over the ranks', async () => {
    // Both ranks of this collective hold the same: the sum is twice the own tensor, and the mean the tensor itself.
    const { twins, sums } = twinCollective();
    const [alone, together] = [await runTiny({ maxSteps: 4 }), await runTiny({ maxSteps: 4, collective: twins })];
    expect(together.steps).toEqual(alone.steps);
    // all three gradients fit into one bucket
    expect(sums.map((sizes) => [...sizes].sort((x, y) => x - y))).toEqual(Array.from({ length: 4 }, () => [6, 6, 24]));
    expect(together.events[0]).toMatchObject({ effectiveBatchSize: 8 });
  });

  it('end after the same step, which comes one after any of them was asked to stop', async () => {
    const { twins } = twinCollective();
    const stop = new AbortController();
    const onEvent = (event: TrainingEvent) => {
      if (event.type === 'step' && event.step === 3) stop.abort();
    };
    const { result } = await runTiny({ collective: twins }, {}, { onEvent, stopSignal: stop.signal });
    // told of step 3 while step 4 was done; step 5 carries the word, which is read after step 6
    expect(result).toMatchObject({ outcome: 'stopped', step: 6 });
  });

  it('refuse to begin at different steps', async () => {
    const { twins } = twinCollective((step) => step + 1);
    await expect(runTiny({ collective: twins })).rejects.toThrow(ResumeError);
    await expect(runTiny({ collective: twins })).rejects.toThrow(
      'rank 1 would begin at step 1, rank 0 at step 0: all must see the same checkpoints, in a folder that their machines share',
    );
  });
});

describe('steps that are not finite', () => {
  const bad = (...steps: readonly number[]) => ({ factor: (step: number) => (steps.includes(step) ? NaN : 1) });

  it('are skipped, counted and told of, and leave no trace in the weights', async () => {
    const { result, events, model, engine } = await runTiny({ maxSteps: 6 }, bad(2, 4));
    expect(result).toMatchObject({ outcome: 'done', step: 6, skippedSteps: 2 });
    const skipped = events.filter((event) => event.type === 'skipped');
    expect(skipped).toMatchObject([
      { step: 3, loss: NaN, gradientNorm: NaN, learningRate: 0.05, consecutive: 1, total: 1 },
      { step: 5, consecutive: 1, total: 2 },
    ]);
    expect(losses(events).length).toBe(4);
    expect(losses(events).every(Number.isFinite)).toBe(true);
    const weights = await engine.read(model.fc1_weight.value.handle);
    expect([...weights].every(Number.isFinite)).toBe(true);
  });

  it('end the run after five in a row, with a report of what happened and what to do', async () => {
    const events: TrainingEvent[] = [];
    const run = runTiny({}, bad(3, 6, 7, 8, 9, 10), { onEvent: (event) => events.push(event) });
    const error = await run.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DivergedError);
    if (!(error instanceof DivergedError)) return;
    expect(error.skipped.map(({ step }) => step)).toEqual([7, 8, 9, 10, 11]);
    expect(error.message).toMatch(
      /5 steps in a row were not finite \(steps 7 to 11: loss NaN with gradient norm NaN\)/,
    );
    expect(error.message).toMatch(
      /the last good one was step 6 \(loss [\d.]+, gradient norm [\d.]+, learning rate 0\.04672\)/,
    );
    expect(error.message).toMatch(/Lower the learning rate/);
    expect(error.message).not.toContain('\n');
    expect(events.filter((event) => event.type === 'skipped').map(({ total }) => total)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('are also those whose loss is infinite while the gradients are finite', async () => {
    const engine = new Float32Engine();
    setEngine(engine);
    const model = new TinyModel(1);
    const task = tinyTask(model);
    const events: TrainingEvent[] = [];
    const withInfiniteLoss = {
      ...task,
      loss: (batch: TinyBatch, context: Parameters<typeof task.loss>[1]) => {
        const { loss } = task.loss(batch, context);
        const [handle] = engine.run('add', [loss.handle, engine.upload(Float32Array.of(Infinity), [], 'float32')], {});
        if (!handle) throw new Error('add gave nothing');
        return { loss: context.step === 1 ? fromHandle(loss, handle) : loss };
      },
    };
    await train(withInfiniteLoss, { ...TINY, maxSteps: 3 }, { onEvent: (event) => events.push(event) });
    expect(events.filter((event) => event.type === 'skipped')).toMatchObject([{ step: 2, loss: Infinity }]);
  });
});

describe('memory', () => {
  setFlagsFromString('--expose_gc');
  const collectGarbage = runInNewContext('gc') as () => void;

  it('is flat over a thousand steps: tensors and heap', async () => {
    const tensors: number[] = [];
    const heap: number[] = [];
    const engine = new Float32Engine();
    setEngine(engine);
    const model = new TinyModel(1);
    const atStart = engine.memory().tensors;
    const onEvent = (event: TrainingEvent) => {
      if (event.type !== 'step' || event.step % 100 !== 50) return;
      collectGarbage();
      tensors.push(engine.memory().tensors);
      heap.push(process.memoryUsage().heapUsed);
    };
    await train(tinyTask(model, { noise: 0.1 }), { ...TINY, epochs: 200 }, { onEvent });
    expect(tensors.length).toBe(10);
    expect(new Set(tensors).size).toBe(1);
    expect(engine.memory().tensors).toBe(atStart);
    expect((heap.at(-1) ?? 0) - (heap[1] ?? 0)).toBeLessThan(1e6);
  });
});

function fromHandle(like: Tensor, handle: Tensor['handle']): Tensor {
  const TensorClass = like.constructor as typeof Tensor;
  return TensorClass.fromHandle(like.engine, handle);
}
