import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from './support/bundle.ts';

let folder = '';
let worker = '';
let program = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umt-trainer-'));
  [worker, program] = [await bundle('./run-worker.ts', folder), await bundle('./signal-run.ts', folder)];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the program; `onLine` may send it signals when it says something. */
function runProgram(order: string, onLine: (line: string) => NodeJS.Signals | undefined = () => undefined) {
  return new Promise<{ readonly code: number | null; readonly said: readonly string[] }>((resolve, reject) => {
    const child = spawn(process.execPath, [program, worker, order], { stdio: ['ignore', 'pipe', 'inherit'] });
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
