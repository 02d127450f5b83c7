// A worker module: one rank of a tiny run whose global batch has four samples.
import { folderStore, serveRun } from '../../src/index.node.ts';
import { Float32Engine } from './float32-engine.ts';
import { tinyBatches } from './tiny-task.ts';
import { runTiny } from './tiny-run.ts';
import { threadCollective } from './thread-collective.ts';

/** What a rank is told. */
export interface RankOrder {
  readonly memory: SharedArrayBuffer;
  readonly rank: number;
  readonly worldSize: number;
  readonly folder: string;
  readonly maxSteps: number;
  /** Steps, from 0, whose loss is not a number on the last rank. */
  readonly bad: readonly number[];
}

serveRun(async ({ memory, rank, worldSize, folder, maxSteps, bad }: RankOrder) => {
  const engine = new Float32Engine();
  const measured: number[] = [];
  const { result, events } = await runTiny(
    {
      collective: threadCollective(memory, rank, worldSize, engine),
      batches: {
        ...tinyBatches(4 / worldSize, 5, { rank, worldSize }),
        describe: ({ indices }) => indices.map(String),
      },
      maxSteps,
      maxSkippedInARow: 2,
      checkpoints: { store: folderStore(folder), everySteps: 2, everyEpochs: 0, keepBest: 1 },
      evaluation: {
        isDue: (step) => step === 5,
        better: 'lower',
        measure: ({ step }) => {
          measured.push(step);
          return Promise.resolve(rank === 0 ? 10 - step : null);
        },
      },
    },
    { noise: 0.1, factor: (step) => (bad.includes(step) && rank === worldSize - 1 ? NaN : 1) },
    {},
    engine,
  );
  const losses = events.flatMap((event) => (event.type === 'step' ? [[event.step, event.loss] as const] : []));
  const rollBacks = events.flatMap((event) => (event.type === 'rollback' ? [event] : []));
  return { result, losses, rollBacks, measured };
});
