import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunError, serveRun, startRun, WorkerDiedError, type TrainingEvent } from '../src/index.node.ts';
import { bundle } from './support/bundle.ts';

let folder = '';
let worker = new URL('file:///');
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umt-trainer-'));
  worker = pathToFileURL(await bundle('./run-worker.ts', folder));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const start = (order: string, onEvent?: (event: TrainingEvent) => void) =>
  startRun<string, unknown>(worker, order, onEvent ? { onEvent } : {});

describe('a run in a worker', () => {
  it('gives its result, typed arrays included', async () => {
    expect(await start('answer').result).toEqual({ weights: Float32Array.of(1, 2) });
  });

  it('tells its events in order, all before the result', async () => {
    const progress: (number | null)[] = [];
    const { result } = start('events', (event) => event.type === 'phase' && progress.push(event.progress));
    expect(await result).toBe('said it all');
    expect(progress).toEqual([0, 0.5, 1]);
  });

  it('stops when asked, also when asked before it listens', async () => {
    const run = start('wait for stop');
    run.stop();
    expect(await run.result).toBe('stopped');
  });

  it('hears the wish to stop between steps that compute synchronously', async () => {
    const run = start('compute until stopped', () => run.stop());
    expect(await run.result).toBe(true);
  });

  it('leaves the main thread free while it computes', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const { result } = start('block for half a second', () => {
      turns = 0;
    });
    await result;
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });

  it('can be ended at once', async () => {
    const run = start('wait for stop');
    const result = run.result.catch((error: unknown) => error);
    await run.terminate();
    expect(await result).toBeInstanceOf(WorkerDiedError);
  });
});

describe('an error in a worker', () => {
  it('reaches the caller with its message and class name', async () => {
    const error = await start('throw').result.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RunError);
    expect(error).toMatchObject({
      message: 'epochs must be a whole number from 1 on, got 0',
      errorName: 'TrainOptionsError',
    });
  });

  it.each([
    ['exits', 'exit', /exit code 7 and without an answer/],
    ['throws outside of its function', 'crash later', /out of luck/],
  ])('is reported, never waited for, when the worker %s', async (_what, order, message) => {
    const { result } = start(order);
    await expect(result).rejects.toThrow(WorkerDiedError);
    await expect(result).rejects.toThrow(message);
  });

  it('is reported when the module is not there, does not compile, or serves nothing', async () => {
    const module = async (name: string, text: string) => {
      await writeFile(join(folder, name), text);
      return startRun<null, unknown>(pathToFileURL(join(folder, name)), null).result;
    };
    const missing = startRun<null, unknown>(pathToFileURL(join(folder, 'none.mjs')), null).result;
    await expect(missing).rejects.toThrow(/Cannot find module/);
    await expect(module('broken.mjs', 'const = 1')).rejects.toThrow(WorkerDiedError);
    await expect(module('idle.mjs', 'export {}')).rejects.toThrow(/exit code 0 and without an answer/);
  });

  it('is reported when configuration, result or event handler cannot be used', async () => {
    const run = startRun<unknown, unknown>(worker, () => 1);
    await expect(run.result).rejects.toThrow(/could not be cloned/);
    await expect(start('return a function').result).rejects.toThrow(/could not be cloned/);
    const failing = start('events', () => {
      throw new Error('the disk of the log is full');
    });
    await expect(failing.result).rejects.toThrow('the disk of the log is full');
  });

  it('says where serveRun may be called', () => {
    expect(() => serveRun(() => 1)).toThrow(/this is no worker; start this module with startRun/);
  });
});
