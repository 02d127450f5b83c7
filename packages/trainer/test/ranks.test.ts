import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { folderStore, startRun, type RollBackEvent, type TrainResult } from '../src/index.node.ts';
import { bundle } from './support/bundle.ts';
import type { RankOrder } from './support/rank-worker.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { sharedMemory } from './support/thread-collective.ts';

interface RankResult {
  readonly result: TrainResult;
  readonly losses: readonly (readonly [step: number, loss: number])[];
  readonly rollBacks: readonly RollBackEvent[];
  readonly measured: readonly number[];
}

let programs = '';
let worker: URL;
beforeAll(async () => {
  programs = await mkdtemp(join(tmpdir(), 'umt-trainer-'));
  worker = pathToFileURL(await bundle('./rank-worker.ts', programs));
});
afterAll(() => rm(programs, { recursive: true, force: true }));

/** Runs so many ranks, each a thread, in one folder of checkpoints. */
function run(worldSize: number, folder: string, maxSteps = 15, bad: readonly number[] = []) {
  const memory = sharedMemory(worldSize);
  return Promise.all(
    Array.from(
      { length: worldSize },
      (_, rank) => startRun<RankOrder, RankResult>(worker, { memory, rank, worldSize, folder, maxSteps, bad }).result,
    ),
  );
}

function expectNear(actual: RankResult['losses'], expected: RankResult['losses']): void {
  expect(actual.map(([step]) => step)).toEqual(expected.map(([step]) => step));
  for (const [i, [step, loss]] of actual.entries())
    expect(Math.abs(loss / (expected[i]?.[1] ?? NaN) - 1), `step ${step}`).toBeLessThan(1e-5);
}

it('a run goes on inside an epoch with another number of ranks, to the losses of one, but for rounding', async () => {
  const [whole] = await run(1, await temporaryFolder());
  for (const [first, second] of [
    [1, 2],
    [2, 1],
  ] as const) {
    const folder = await temporaryFolder();
    const before = await run(first, folder, 7);
    const after = await run(second, folder);
    for (const { losses, result } of after) {
      expect(losses).toEqual(after[0]?.losses); // the same bits on all ranks
      expect(result).toMatchObject({ outcome: 'done', step: 15, checkpointStep: 15 });
    }
    expectNear([...(before[0]?.losses ?? []), ...(after[0]?.losses ?? [])], whole?.losses ?? []);
  }
});

it('ranks measure together, believe rank 0, and keep its best', async () => {
  const folder = await temporaryFolder();
  for (const { result, measured } of await run(2, folder, 7)) {
    expect(measured).toEqual([5, 7]);
    expect(result.best).toEqual({ step: 7, value: 3 });
  }
  const { complete } = await folderStore(folder).list();
  expect(complete.find(({ step }) => step === 7)?.metadata['measured']).toBe(3);
});

it('ranks go back to a checkpoint together, and each names its own samples', async () => {
  const [alone] = await run(1, await temporaryFolder(), 15, [7, 8]);
  const together = await run(2, await temporaryFolder(), 15, [7, 8]);
  for (const { result, losses } of together) {
    expect(result).toMatchObject({ outcome: 'done', rollBacks: 1 });
    expectNear(losses, alone?.losses ?? []);
  }
  expect(together.map(({ rollBacks }) => rollBacks[0]?.skipped.map(({ samples }) => samples))).toEqual([
    [
      ['8', '9'],
      ['12', '13'],
    ],
    [
      ['10', '11'],
      ['14', '15'],
    ],
  ]);
});
