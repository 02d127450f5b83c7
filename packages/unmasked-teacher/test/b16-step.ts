import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
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

async function oneStep(gemm: string): Promise<StepReport> {
  const bench = join(ROOT, 'bench/b16-step.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [bench, '--steps', '1', '--gemm', gemm]);
  return JSON.parse(stdout) as StepReport;
}

/**
 * Takes one whole B/16 step on one clip, and expects memory and the main thread's freedom to be within their bars.
 * @returns its loss
 */
export async function expectB16Step(gemm: 'onnxruntime' | 'xnnpack'): Promise<number> {
  const report = await oneStep(gemm);
  expect(report.device).toMatch(gemm === 'xnnpack' ? /XNNPACK/ : /onnxruntime-node/);
  expect(report.losses).toHaveLength(1);
  const [loss = NaN] = report.losses;
  // An untrained student and a random teacher point anywhere: the distance of unit vectors is near 2.
  expect(Math.abs(loss - 2)).toBeLessThan(0.1);

  expect(report.heapBytes).toBeGreaterThan(4 * 88e6); // the student's parameters alone
  expect(report.heapBytes).toBeLessThan(4e9);

  // On a machine that also holds up a process that does nothing, the longest stall says nothing about the step.
  const { mainThread, idleProcess } = report;
  expect(mainThread.looks).toBeGreaterThan(100);
  const isNoisy = idleProcess.longestStallMs > 50;
  expect(isNoisy ? mainThread.stall99Ms : mainThread.longestStallMs).toBeLessThanOrEqual(50);
  return loss;
}
