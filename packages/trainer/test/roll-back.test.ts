import { describe, expect, it } from 'vitest';
import {
  DivergedError,
  memoryStore,
  type CheckpointStore,
  type TrainHooks,
  type TrainingEvent,
  type TrainOptions,
} from '../src/index.ts';
import { TINY, runTiny } from './support/tiny-run.ts';
import type { TinyBatch } from './support/tiny-task.ts';

/** Steps, counted from 0, whose loss is not a number. */
const bad = (...steps: readonly number[]) => ({
  noise: 0.1,
  factor: (step: number) => (steps.includes(step) ? NaN : 1),
});

/** Batches that are named after their samples. */
const NAMED = {
  ...TINY.batches,
  describe: ({ indices }: TinyBatch) => indices.map((index) => `video-${index}.mp4`),
};

/** Two steps in a row are one too many; a checkpoint every three steps. */
const options = (store: CheckpointStore): Partial<TrainOptions<TinyBatch>> => ({
  batches: NAMED,
  checkpoints: { store, everySteps: 3, everyEpochs: 0, keep: 1 },
  maxSkippedInARow: 2,
});

const rollBacksOf = (events: readonly TrainingEvent[]) => events.filter((event) => event.type === 'rollback');

/** A run that is stopped after each of some steps and gone on with. */
async function inPieces(stops: readonly number[], task: ReturnType<typeof bad>) {
  const store = memoryStore();
  const steps = new Map<number, string>();
  const rollBacks: TrainingEvent[] = [];
  for (const maxSteps of [...stops, 15]) {
    const run = await runTiny({ ...options(store), maxSteps }, task);
    for (const line of run.steps) steps.set((JSON.parse(line) as { readonly step: number }).step, line);
    rollBacks.push(...rollBacksOf(run.events));
    if (maxSteps === 15) return { result: run.result, steps, rollBacks };
  }
  throw new Error('unreachable');
}

describe('a run with too many steps in a row that are not finite', () => {
  it('goes back to the last checkpoint, names the samples, and goes on with the batches after them', async () => {
    const { result, events, steps } = await runTiny(options(memoryStore()), bad(7, 8));
    // steps 8 and 9 are not finite, which is known after step 10: the run goes on from the weights of step 6 with batch 11
    expect(result).toMatchObject({ outcome: 'done', step: 15, rollBacks: 1, skippedSteps: 4 });
    expect(rollBacksOf(events)).toMatchObject([
      {
        step: 10,
        toStep: 6,
        rollBacks: 1,
        maxRollBacks: 3,
        skipped: [
          { step: 8, loss: NaN, samples: ['video-8.mp4', 'video-9.mp4', 'video-10.mp4', 'video-11.mp4'] },
          { step: 9, loss: NaN, samples: ['video-12.mp4', 'video-13.mp4', 'video-14.mp4', 'video-15.mp4'] },
        ],
      },
    ]);
    // the same as a run in which no step from 7 to 10 changed anything
    const without = await runTiny({ maxSkippedInARow: 9 }, bad(6, 7, 8, 9));
    const after = (lines: readonly string[]) => lines.filter((line) => Number(/"step":(\d+)/.exec(line)?.[1]) > 10);
    expect(after(steps)).toHaveLength(5);
    expect(after(steps)).toEqual(after(without.steps));
  });

  it('does so bit for bit alike wherever it was stopped and resumed', async () => {
    const task = bad(7, 8, 12, 13);
    const whole = await runTiny(options(memoryStore()), task);
    expect(rollBacksOf(whole.events)).toMatchObject([
      { step: 10, toStep: 6 },
      { step: 15, toStep: 12 },
    ]);
    const lines = new Map(whole.steps.map((line) => [Number(/"step":(\d+)/.exec(line)?.[1]), line]));
    for (let stop = 1; stop < 15; stop++) {
      const pieces = await inPieces([stop], task);
      expect(pieces.steps, `stopped after step ${stop}`).toEqual(lines);
      expect(pieces.result, `stopped after step ${stop}`).toMatchObject({ rollBacks: 2, skippedSteps: 7 });
    }
    expect((await inPieces([4, 7, 8, 9, 10, 13], task)).steps).toEqual(lines);
  });

  it('ends after too many times of going back', async () => {
    const task = bad(4, 5, 7, 8, 10, 11);
    const running = runTiny({ ...options(memoryStore()), maxRollBacks: 2 }, task);
    await expect(running).rejects.toThrow(DivergedError);
    await expect(running).rejects.toThrow(/steps 11 to 12.*it went back to a checkpoint 2 times already$/);
    const enough = await runTiny({ ...options(memoryStore()), maxRollBacks: 3 }, task);
    expect(enough.result).toMatchObject({ outcome: 'done', rollBacks: 3 });
  });

  it('ends where there is no checkpoint to go back to, or may not go back', async () => {
    await expect(runTiny(options(memoryStore()), bad(1, 2))).rejects.toThrow(/there is no checkpoint to go back to$/);
    const never = { ...options(memoryStore()), maxRollBacks: 0 };
    await expect(runTiny(never, bad(7, 8))).rejects.toThrow(DivergedError);
  });

  it('goes back also where they are its last', async () => {
    const { result, events } = await runTiny(options(memoryStore()), bad(13, 14));
    expect(rollBacksOf(events)).toMatchObject([{ step: 15, toStep: 12 }]);
    expect(result).toMatchObject({ outcome: 'done', step: 15, checkpointStep: 15, skippedSteps: 3 });
  });

  it('is not taken for a run that skips a step now and then', async () => {
    const { result } = await runTiny(options(memoryStore()), bad(3, 5, 7, 9, 11));
    expect(result).toMatchObject({ rollBacks: 0, skippedSteps: 5 });
  });
});

describe('a run that was stopped among steps that are not finite', () => {
  it('counts them on when it goes on', async () => {
    const store = memoryStore();
    const hooks: TrainHooks = {};
    await runTiny({ ...options(store), maxSteps: 8 }, bad(7, 8), hooks);
    const { events } = await runTiny(options(store), bad(7, 8));
    expect(events.find((event) => event.type === 'skipped')).toMatchObject({ step: 9, consecutive: 2 });
  });
});
