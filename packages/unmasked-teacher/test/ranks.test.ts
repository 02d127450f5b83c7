import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeOn } from '@umt/conformance';
import { loadEngine } from '@umt/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from './ranks/bundle.ts';
import { expectLossIsTold } from './ranks/killed.ts';
import { environmentOf, freePort, resultsOf, start } from './ranks/launch.ts';
import type { Steps } from './ranks/stage1.ts';
import { expectSteps } from './ranks/steps.ts';
import { own, type Sums } from './ranks/sums.ts';

/** What each rank of the program prints. */
interface Seen {
  readonly transport: string;
  readonly sums: Sums;
  readonly stage1: Steps;
  readonly contrastive: Steps;
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

function expectNear(actual: readonly number[] | undefined, expected: readonly number[]): void {
  expect(actual?.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(actual?.[i]).toBeCloseTo(value, 5);
}

const oneTorch = async () => (await loadEngine({ device: 'torch:cpu', threads: 1 })).engine;

await describeOn('torch', oneTorch, () => {
  let folder = '';
  let program = '';
  let killedProgram = '';
  let alone: Seen | undefined;
  /** For each number of processes what each of them saw, first over what they take by themselves, then over the ring. */
  const together = new Map<number, readonly (readonly Seen[])[]>();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'umt-ranks-'));
    [program, killedProgram] = await Promise.all([
      bundle('./program.ts', folder),
      bundle('./killed-program.ts', folder),
    ]);
    const run = async (worldSize: number) => resultsOf<Seen>([program, String(await freePort())], worldSize);
    alone = (await run(1))[0]?.[0];
    for (const worldSize of [2, 4]) together.set(worldSize, await run(worldSize));
  }, 240_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe.each([
    [2, 'as they are'],
    [2, 'over the ring'],
    [4, 'as they are'],
    [4, 'over the ring'],
  ] as const)('%i processes %s', (worldSize, way) => {
    const ranks = range(worldSize);
    const seen = () => (together.get(worldSize) ?? []).flatMap((lines) => lines[way === 'over the ring' ? 1 : 0] ?? []);

    test('sum tensors of all shapes, and get the same bits', () => {
      expect(seen().length).toBe(worldSize);
      for (const { sums, transport } of seen()) {
        // a torch of pip has no Gloo
        expect(way === 'over the ring' ? ['ring'] : ['gloo', 'ring']).toContain(transport);
        expect(sums.shapes).toEqual([[3, 4], [5], [], [100, 1000]]);
        for (const [k, size] of [12, 5, 1].entries()) {
          expectNear(
            sums.sums[k],
            range(size).map((i) => total(ranks.map((rank) => own(rank + 10 * k)(i)))),
          );
        }
        expectNear(
          sums.largest,
          range(11).map((i) => total(ranks.map((rank) => own(rank + 30)(9973 * i)))),
        );
        expect(sums.half).toEqual(['bfloat16', [total(ranks.map((rank) => 1 + rank)), worldSize / 2]]);
        expect(sums.sums).toEqual(seen()[0]?.sums.sums);
      }
    });

    test('gather in rank order, with the reduced slice of the own rank as gradient', () => {
      for (const [rank, { sums }] of seen().entries()) {
        expect(sums.counts).toEqual(['int32', ranks.flatMap((one) => [one, 7])]);
        expectNear(
          sums.gathered,
          ranks.flatMap((one) => range(4).map(own(one))),
        );
        expectNear(
          sums.gradient,
          range(4).map((i) => total(ranks.map((one) => own(one + 50)(4 * rank + i)))),
        );
      }
    });

    test.each(['stage1', 'contrastive'] as const)('train %s to the losses of one process', (name) => {
      const expected = alone?.[name] ?? [];
      expect(expected.length).toBeGreaterThanOrEqual(6);
      for (const steps of seen().map((one) => one[name])) {
        expectSteps(steps, expected);
        expect(steps).toEqual(seen()[0]?.[name]);
      }
    });
  });

  test('a rank that is killed is named by all others within seconds, and any number of processes resumes', async () => {
    const runs = join(folder, 'killed');
    await expectLossIsTold(killedProgram, runs, { worldSize: 4, rank: 2, step: 3, isOverRing: true });
    await expectLossIsTold(killedProgram, runs, { worldSize: 2, rank: 0, step: 5, isOverRing: false });
    const [[rest = []] = []] = await resultsOf<Steps>([killedProgram, runs], 1);
    // steps are reported one late, and checkpoints written while the next ones are taken: step 2's was there, perhaps step 4's
    expect([6, 4]).toContain(rest.length);
    expectSteps(rest, (alone?.contrastive ?? []).slice(-rest.length));
  }, 240_000);

  test('processes that do not belong together say so', async () => {
    const port = await freePort();
    const first = start([program], environmentOf(0, 2, port));
    const second = start([program], environmentOf(1, 4, port));
    const [zero, one] = await Promise.all([first.ended, second.ended]);
    // rank 0 may be gone before rank 1 has read what it is
    expect(one.err).toMatch(
      /CollectiveError: torch: (rank 0 was started for 2 processes, rank 1 for 4: WORLD_SIZE must be the same for all|the meeting point at \S+ is gone: rank 0 )/,
    );
    expect([zero.code, one.code]).toEqual([1, 1]);
    expect(zero.err).toMatch(/CollectiveError: torch: rank 1 was started for 4 processes, rank 0 for 2/);
  });

  test('a port that is taken is an error of rank 0', async () => {
    const server = createServer((socket) => socket.destroy());
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, resolve));
    const { code, err } = await start([program], environmentOf(0, 2, port)).ended;
    server.close();
    expect(err).toContain(`rank 0 cannot open port ${port}: another run has it; set MASTER_PORT to a free one`);
    expect(code).toBe(1);
  });
});
