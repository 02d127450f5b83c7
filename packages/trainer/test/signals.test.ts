import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderStore } from '../src/index.node.ts';
import { bundle } from './support/bundle.ts';

let folder = '';
let worker = '';
let waiting = '';
let program = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umt-trainer-'));
  [worker, program] = [await bundle('./run-worker.ts', folder), await bundle('./signal-run.ts', folder)];
  waiting = await bundle('./waiting-worker.ts', folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the program; `onLine` may send it signals when it says something. */
function runProgram(
  order: string,
  onLine: (line: string) => NodeJS.Signals | undefined = () => undefined,
  module: string = worker,
) {
  return new Promise<{ readonly code: number | null; readonly said: readonly string[] }>((resolve, reject) => {
    const child = spawn(process.execPath, [program, module, order], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.trim().split('\n')) {
        said.push(line);
        const signal = onLine(line);
        if (signal) child.kill(signal);
      }
    });
    child.on('error', reject).on('close', (code) => resolve({ code, said }));
  });
}

describe('a program with a run in a worker', () => {
  it('ends by itself when the run has answered, whatever the worker left open', async () => {
    expect(await runProgram('answer and stay alive')).toEqual({ code: 0, said: ['result answered'] });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops in good order on %s and exits with %i', async (signal, code) => {
    const run = await runProgram('compute until stopped', (line) => (line === 'running' ? signal : undefined));
    expect(run).toEqual({ code, said: ['running', `stopping after ${signal}`, 'result true'] });
  });

  it('exits at once on the second Ctrl-C', async () => {
    const run = await runProgram('never stop', (line) => (/running|stopping/.test(line) ? 'SIGINT' : undefined));
    expect(run).toEqual({ code: 130, said: ['running', 'stopping after SIGINT'] });
  });
});

describe('a run that is told to end by SIGTERM while it waits', () => {
  it.each([
    ['data', 'stopped 7 7'],
    ['accumulated data', 'stopped 1 1'],
    ['measurement', 'stopped 7 7'],
    ['save', 'done 8 8'],
  ])('for %s ends within seconds, with a checkpoint', async (what, result) => {
    let sent = 0;
    const place = join(folder, what);
    const run = await runProgram(
      `${what}|${place}`,
      (line) => {
        if (line !== 'running' || sent > 0) return undefined;
        sent = performance.now();
        return 'SIGTERM';
      },
      waiting,
    );
    const seconds = (performance.now() - sent) / 1000;
    expect(run.code).toBe(143);
    expect(run.said.at(-1)).toBe(`result ${result}`);
    expect(seconds).toBeLessThan(5);
    const { complete, damaged } = await folderStore(place).list();
    expect([String(complete[0]?.step), damaged]).toEqual([result.split(' ')[2], []]);
    expect(await readdir(place)).not.toContain('run.lock');
    if (process.env['UMT_REPORT']) console.log(`SIGTERM while waiting for ${what}: ${seconds.toFixed(2)} s`);
  });

  it('for a measurement that does not look at the signal exits at once on the second one', async () => {
    const run = await runProgram('never stop', (line) => (/running|stopping/.test(line) ? 'SIGTERM' : undefined));
    expect(run).toEqual({ code: 143, said: ['running', 'stopping after SIGTERM'] });
  });
});
