import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeOn } from '@umt/conformance';
import { loadEngine } from '@umt/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from './ranks/bundle.ts';
import { launch, resultsOf } from './ranks/launch.ts';

/** What each rank of the first program prints. */
interface Sums {
  readonly shapes: readonly (readonly number[])[];
  readonly sums: readonly (readonly number[])[];
  readonly largest: readonly number[];
  readonly half: readonly number[];
  readonly halfType: string;
  readonly counts: readonly [string, readonly number[]];
  readonly gathered: readonly number[];
  readonly gradient: readonly number[];
}

/** Losses and gradient norms of steps. */
type Steps = readonly (readonly [loss: number, gradientNorm: number])[];

/** What the first program's ranks begin with. */
const own = (rank: number, i: number) => Math.fround(Math.sin(i * 0.37 + rank * 2.1));
const overRanks = (worldSize: number, f: (rank: number) => number) =>
  Array.from({ length: worldSize }, (_, rank) => f(rank)).reduce((a, b) => a + b, 0);

const ONE_TORCH = () => loadEngine({ device: 'torch:cpu', threads: 1 }).then(({ engine }) => engine);

await describeOn('torch', ONE_TORCH, () => {
  let folder = '';
  const programs = new Map<string, string>();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'umt-ranks-'));
    for (const name of ['collective', 'stage1', 'contrastive']) {
      programs.set(name, await bundle(`./${name}-program.ts`, folder));
    }
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const run = <T>(name: string, worldSize: number) => resultsOf<T>([programs.get(name) ?? ''], worldSize);

  describe.each([2, 4])('%i processes', (worldSize) => {
    test('sum and gather, with the reduced slice as gradient of the gather', async () => {
      const results = await run<Sums>('collective', worldSize);
      const near = (actual: readonly number[] | undefined, expected: readonly number[]) => {
        expect(actual?.length).toBe(expected.length);
        for (const [i, value] of expected.entries()) expect(actual?.[i]).toBeCloseTo(value, 5);
      };
      for (const [rank, result] of results.entries()) {
        expect(result.shapes).toEqual([[3, 4], [5], [], [100, 1000]]);
        for (const [k, size] of [12, 5, 1].entries()) {
          near(
            result.sums[k],
            Array.from({ length: size }, (_, i) => overRanks(worldSize, (r) => own(r + 10 * k, i))),
          );
        }
        near(
          result.largest,
          Array.from({ length: 11 }, (_, i) => overRanks(worldSize, (r) => own(r + 30, 9973 * i))),
        );
        expect([result.halfType, result.half]).toEqual([
          'bfloat16',
          [overRanks(worldSize, (r) => 1 + r), worldSize / 2],
        ]);
        const ranks = Array.from({ length: worldSize }, (_, r) => r);
        expect(result.counts).toEqual(['int32', ranks.flatMap((r) => [r, 7])]);
        near(
          result.gathered,
          ranks.flatMap((r) => Array.from({ length: 4 }, (_, i) => own(r, i))),
        );
        near(
          result.gradient,
          Array.from({ length: 4 }, (_, i) => overRanks(worldSize, (r) => own(r + 50, 4 * rank + i))),
        );
        // the same bits for all
        expect([result.sums, result.largest]).toEqual([results[0]?.sums, results[0]?.largest]);
      }
    });
  });

  test.each(['stage1', 'contrastive'])('two and four processes train %s to the losses of one', async (name) => {
    const [[alone = []], ...together] = [
      await run<Steps>(name, 1),
      await run<Steps>(name, 2),
      await run<Steps>(name, 4),
    ];
    expect(alone.length).toBeGreaterThanOrEqual(6);
    for (const ranks of together) {
      for (const steps of ranks) {
        expect(steps.length).toBe(alone.length);
        for (const [step, [loss, norm]] of alone.entries()) {
          const [itsLoss = NaN, itsNorm = NaN] = steps[step] ?? [];
          expect(Math.abs(itsLoss / loss - 1)).toBeLessThan(1e-5);
          expect(Math.abs(itsNorm / norm - 1)).toBeLessThan(1e-4);
        }
        expect(steps).toEqual(ranks[0]);
      }
    }
  });

  void launch;
});
