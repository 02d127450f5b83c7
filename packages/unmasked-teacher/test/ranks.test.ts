import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeOn } from '@umt/conformance';
import { loadEngine } from '@umt/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { BIN, isBuilt } from './cli.ts';
import { bundle } from './ranks/bundle.ts';
import { environmentOf, freePort, launch, resultsOf, start } from './ranks/launch.ts';
import type { Steps } from './ranks/stage1.ts';
import { own, type Sums } from './ranks/sums.ts';
import { CLIPS, SMALL } from './small.ts';

/** What each rank of the program prints. */
interface Seen {
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

/** Losses within 1e-5; norms, which add up more rounding, within 1e-4. */
function expectSteps(actual: Steps, expected: Steps): void {
  expect(actual.length).toBe(expected.length);
  for (const [step, [loss, norm]] of expected.entries()) {
    const [itsLoss = NaN, itsNorm = NaN] = actual[step] ?? [];
    expect(Math.abs(itsLoss / loss - 1), `loss of step ${step}`).toBeLessThan(1e-5);
    expect(Math.abs(itsNorm / norm - 1), `gradient norm of step ${step}`).toBeLessThan(1e-4);
  }
}

const oneTorch = async () => (await loadEngine({ device: 'torch:cpu', threads: 1 })).engine;

await describeOn('torch', oneTorch, () => {
  let folder = '';
  let program = '';
  let killedProgram = '';
  let alone: Seen | undefined;
  const together = new Map<number, readonly Seen[]>();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'umt-ranks-'));
    program = await bundle('./program.ts', folder);
    killedProgram = await bundle('./killed-program.ts', folder);
    [alone] = await resultsOf<Seen>([program], 1);
    for (const worldSize of [2, 4]) together.set(worldSize, await resultsOf<Seen>([program], worldSize));
  }, 240_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe.each([2, 4])('%i processes', (worldSize) => {
    const ranks = range(worldSize);

    test('sum tensors of all shapes, and get the same bits', () => {
      const seen = together.get(worldSize) ?? [];
      expect(seen.length).toBe(worldSize);
      for (const { sums } of seen) {
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
        expect(sums.sums).toEqual(seen[0]?.sums.sums);
      }
    });

    test('gather in rank order, with the reduced slice of the own rank as gradient', () => {
      for (const [rank, { sums }] of (together.get(worldSize) ?? []).entries()) {
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
      const seen = (together.get(worldSize) ?? []).map((one) => one[name]);
      for (const steps of seen) {
        expectSteps(steps, expected);
        expect(steps).toEqual(seen[0]);
      }
    });
  });

  test('a rank that is killed is named by all others within seconds, and any number of processes resumes', async () => {
    const runs = join(folder, 'killed');
    for (const [worldSize, rank, step] of [
      [4, 2, 3],
      [2, 0, 5],
    ] as const) {
      const processes = await launch([killedProgram, runs, `${rank}:${step}`], worldSize);
      const ended = await Promise.all(processes.map((one) => one.ended));
      const died = ended[rank];
      expect(died?.code).toBe(null);
      for (const { code, err, at } of ended.filter((one) => one !== died)) {
        expect(err.trim().split('\n').at(-1)).toBe(
          `LostRankError: torch: rank ${rank} of ${worldSize} is gone: its process ended, see what it printed; start the run again to resume from its last checkpoint`,
        );
        expect(code).toBe(1);
        expect(at - (died?.at ?? NaN)).toBeLessThan(8_000);
      }
    }
    const [rest = []] = await resultsOf<Steps>([killedProgram, runs], 1);
    // steps are reported one late: at the report of step 5, step 4's checkpoint was there
    expectSteps(rest, (alone?.contrastive ?? []).slice(4));
  });

  describe.skipIf(!isBuilt)('umt pretrain (skipped where pnpm build has not run)', () => {
    /** Starts it in two processes that share a small run. */
    const pretrain = async (output: string, words: readonly string[] = []) => {
      const path = join(folder, `${output}.json`);
      const config = pretrainTiny({
        ...SMALL,
        data: { ...SMALL.data, path: CLIPS, workers: 0 },
        output: join(folder, output),
        schedule: { epochs: 1, warmupEpochs: 0 },
      });
      await writeFile(path, JSON.stringify(config));
      const processes = await launch([BIN, 'pretrain', path, '--json', ...words], 2);
      return Promise.all(processes.map(({ ended }) => ended));
    };

    test('is shared by the processes of a launcher; rank 0 alone writes and reports', async () => {
      const [zero, one] = await pretrain('shared');
      expect([zero?.code, one?.code, one?.out]).toEqual([0, 0, '']);
      const types = zero?.out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { readonly type: string }).type);
      expect(types).toEqual(expect.arrayContaining(['start', 'step', 'evaluation', 'checkpoint', 'done', 'result']));
      const files = await readdir(join(folder, 'shared'));
      expect(files.filter((name) => name.startsWith('events.out')).length).toBe(1);
      expect(files).toEqual(expect.arrayContaining(['report.html', 'student.safetensors', 'log.jsonl', 'checkpoints']));
    });

    test('refuses a batch that the processes cannot share, and an engine without collectives', async () => {
      const odd = await pretrain('odd', ['--batch-size', '3']);
      expect(odd.map(({ err }) => err).join('')).toContain(
        'umt: batch.size must be a multiple of 2, the processes that share it, not 3 (--batch-size)',
      );
      const wasm = await pretrain('wasm', ['--device', 'wasm']);
      for (const { code, err } of wasm) {
        expect(err).toContain("umt: device 'wasm' cannot share a run among 2 processes: take --device torch");
        expect(code).toBe(2);
      }
    });
  });

  test('processes that do not belong together say so', async () => {
    const port = await freePort();
    const first = start([program], environmentOf(0, 2, port));
    const second = start([program], environmentOf(1, 4, port));
    const [zero, one] = await Promise.all([first.ended, second.ended]);
    expect(one.err).toContain(
      'CollectiveError: torch: rank 0 was started for 2 processes, rank 1 for 4: WORLD_SIZE must be the same for all',
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
