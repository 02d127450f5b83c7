import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installedVersion } from '@umt/runtime';
import { describe, expect, test } from 'vitest';
import { isBuilt } from './cli.ts';
import { ROOT } from './small.ts';

interface Stalls {
  readonly longestStallMs: number;
  readonly stall99Ms: number;
  readonly looks: number;
}

/** What bench/b16-step.mjs prints, as far as it is looked at here. */
interface StepReport {
  readonly device: string;
  readonly losses: readonly number[];
  readonly seconds: number;
  readonly heapBytes: number;
  readonly mainThread: Stalls;
  /** A process that does nothing at the same time. */
  readonly idleProcess: Stalls;
}

const hasOnnxRuntime = (await installedVersion(['@umt/engine-tfjs', 'onnxruntime-node'], import.meta.url)) !== null;
const isOnnxRuntimeRequired = Boolean(process.env['UMT_REQUIRE_ENGINES']);

async function oneStep(gemm: string): Promise<StepReport> {
  const bench = join(ROOT, 'bench/b16-step.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [bench, '--steps', '1', '--gemm', gemm]);
  return JSON.parse(stdout) as StepReport;
}

describe.skipIf(!isBuilt)(
  'a whole B/16 step on one clip (skipped where pnpm build has not run)',
  () => {
    const losses: number[] = [];

    test.skipIf(!hasOnnxRuntime && !isOnnxRuntimeRequired)(
      'with onnxruntime-node (skipped where it is not installed)',
      () => holdsItsBars('onnxruntime', /onnxruntime-node/),
    );

    test('with XNNPACK alone', () => holdsItsBars('xnnpack', /XNNPACK/));

    test('is the same step on both', () => {
      for (const loss of losses) expect(loss).toBeCloseTo(losses[0] ?? Number.NaN, 4);
    });

    async function holdsItsBars(gemm: string, device: RegExp): Promise<void> {
      const report = await oneStep(gemm);
      expect(report.device).toMatch(device);
      expect(report.losses).toHaveLength(1);
      // An untrained student and a random teacher point anywhere: the distance of unit vectors is near 2.
      expect(Math.abs((report.losses[0] ?? 0) - 2)).toBeLessThan(0.1);
      losses.push(...report.losses);

      expect(report.heapBytes).toBeGreaterThan(4 * 88e6); // the student's parameters alone
      expect(report.heapBytes).toBeLessThan(4e9);

      // On a machine that also holds up a process that does nothing, the longest stall says nothing about the step.
      const { mainThread, idleProcess } = report;
      expect(mainThread.looks).toBeGreaterThan(100);
      const isNoisy = idleProcess.longestStallMs > 50;
      expect(isNoisy ? mainThread.stall99Ms : mainThread.longestStallMs).toBeLessThanOrEqual(50);
    }
  },
  400_000,
);
