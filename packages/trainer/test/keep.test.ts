import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  memoryStore,
  type CheckpointEntry,
  type CheckpointOptions,
  type CheckpointStore,
  type EvaluationContext,
} from '../src/index.ts';
import { keptSteps } from '../src/kept-checkpoints.ts';
import { runTiny } from './support/tiny-run.ts';

const stepsIn = async (store: CheckpointStore) =>
  (await store.list()).complete.map(({ step }) => step).sort((a, b) => a - b);

const entry = (step: number, metadata: Readonly<Record<string, unknown>>): CheckpointEntry => ({
  step,
  metadata,
  files: {},
});

describe('which checkpoints stay', () => {
  it('is the newest, the newest that was due, those for good and the best, whatever else there is', () => {
    const checkpoint = fc.record({
      isScheduled: fc.boolean(),
      isForGood: fc.boolean(),
      measured: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
    });
    const rules = fc.record({
      newest: fc.integer({ min: 1, max: 4 }),
      best: fc.integer({ min: 0, max: 3 }),
      better: fc.constantFrom('lower' as const, 'higher' as const),
    });
    fc.assert(
      fc.property(fc.array(checkpoint, { maxLength: 12 }), rules, (list, { newest, best, better }) => {
        const entries = list.map((notes, index) => entry(100 - index, notes)); // newest first
        const kept = keptSteps(entries, { newest, best, better });
        const notes = new Map(list.map((one, index) => [100 - index, one]));
        for (const [index, { step }] of entries.entries()) {
          const its = notes.get(step);
          const isBetter = (other: (typeof list)[number], otherStep: number) => {
            if (its?.measured === undefined || other.measured === undefined) return false;
            const lead = better === 'lower' ? its.measured - other.measured : other.measured - its.measured;
            return lead > 0 || (lead === 0 && otherStep < step);
          };
          const ahead = [...notes].filter(([otherStep, other]) => isBetter(other, otherStep)).length;
          const isNewestScheduled = its?.isScheduled && list.findIndex((one) => one.isScheduled) === index;
          const stays =
            index < newest || its?.isForGood || isNewestScheduled || (its?.measured !== undefined && ahead < best);
          expect(kept.has(step)).toBe(stays === true);
        }
      }),
    );
  });

  const kept = async (options: Omit<CheckpointOptions, 'store'>) => {
    const store = memoryStore();
    await runTiny({ checkpoints: { store, everyEpochs: 0, keep: 1, ...options } });
    return stepsIn(store);
  };

  it('is every k-th step or epoch for good, also where no other rule writes one', async () => {
    expect(await kept({ everySteps: 2 })).toEqual([14, 15]); // the last step was not due, the one before was
    expect(await kept({ everySteps: 2, keepEverySteps: 4 })).toEqual([4, 8, 12, 14, 15]);
    expect(await kept({ keepEverySteps: 7 })).toEqual([7, 14, 15]);
    expect(await kept({ keepEveryEpochs: 2 })).toEqual([10, 15]);
  });

  it('is known to a run that goes on, from the checkpoints themselves', async () => {
    const store = memoryStore();
    const checkpoints = { store, everySteps: 2, everyEpochs: 0, keep: 1, keepEverySteps: 4 };
    for (const maxSteps of [3, 5, 9]) await runTiny({ checkpoints, maxSteps });
    // now without the rule: those that were written for good stay
    await runTiny({ checkpoints: { ...checkpoints, keepEverySteps: 0 } });
    expect(await stepsIn(store)).toEqual([4, 8, 14, 15]);
  });
});

describe('measurements between steps', () => {
  /** Values of the fifteen steps, the lowest at steps 6 and 9. */
  const VALUES = [9, 8, 7, 6, 5, 4, 1, 5, 4, 1, 3, 7, 6, 5, 4, 8];
  const evaluation = (seen: number[] = [], better: 'lower' | 'higher' = 'lower') => ({
    isDue: (step: number) => step > 0 && step % 3 === 0,
    better,
    measure: ({ step }: EvaluationContext) => {
      seen.push(step);
      return Promise.resolve(VALUES[step] ?? NaN);
    },
  });

  it('keep the best, and remember it when the run goes on', async () => {
    const store = memoryStore();
    const checkpoints = { store, everySteps: 5, everyEpochs: 0, keep: 1, keepBest: 2 };
    const seen: number[] = [];
    const first = await runTiny({ checkpoints, evaluation: evaluation(seen), maxSteps: 7 });
    expect(seen).toEqual([3, 6, 7]); // and at the end of what it was asked for
    expect(first.result.best).toEqual({ step: 6, value: 1 });
    const { result } = await runTiny({ checkpoints, evaluation: evaluation(seen) });
    expect(seen.slice(3)).toEqual([9, 12, 15]);
    expect(result.best).toEqual({ step: 6, value: 1 }); // step 9 is as good, and later
    // 6 was written because it was the best; of the others 7 was the best measured that was written
    expect(await stepsIn(store)).toEqual([6, 7, 15]);
    const notes = new Map((await store.list()).complete.map(({ step, metadata }) => [step, metadata['measured']]));
    expect(notes).toEqual(
      new Map([
        [6, 1],
        [7, 5],
        [15, 8],
      ]),
    );
  });

  it('may be better the higher they are', async () => {
    const store = memoryStore();
    const checkpoints = { store, everySteps: 3, everyEpochs: 0, keep: 1, keepBest: 1 };
    const { result } = await runTiny({ checkpoints, evaluation: evaluation([], 'higher') });
    expect(result.best).toEqual({ step: 15, value: 8 });
    expect(await stepsIn(store)).toEqual([15]);
  });

  it('do not bend the run, and what is not finite is never the best', async () => {
    const whole = await runTiny();
    const measure = ({ step }: EvaluationContext) => Promise.resolve(step === 3 ? NaN : step === 6 ? Infinity : 2);
    const run = await runTiny({ evaluation: { ...evaluation(), better: 'higher', measure } });
    expect(run.steps).toEqual(whole.steps);
    expect(run.result.best).toEqual({ step: 9, value: 2 });
  });

  it('that were cut short are made again by the run that goes on', async () => {
    const store = memoryStore();
    const stop = new AbortController();
    const measure = ({ step }: EvaluationContext) => {
      if (step === 6) stop.abort();
      return Promise.resolve(step === 6 ? null : 1);
    };
    const first = await runTiny(
      { checkpoints: { store }, evaluation: { ...evaluation(), measure } },
      { noise: 0.1 },
      { stopSignal: stop.signal },
    );
    expect(first.result).toMatchObject({ outcome: 'stopped', step: 6, best: { step: 3 } });
    const seen: number[] = [];
    await runTiny({ checkpoints: { store }, evaluation: evaluation(seen) });
    expect(seen).toEqual([6, 9, 12, 15]);
  });
});
