import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderStore } from '../src/index.node.ts';
import { bundle } from './support/bundle.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { runTiny } from './support/tiny-run.ts';

let folderOfProgram = '';
let program = '';
let whole: readonly string[] = [];
beforeAll(async () => {
  folderOfProgram = await mkdtemp(join(tmpdir(), 'umt-trainer-'));
  program = await bundle('./killed-run.ts', folderOfProgram);
  whole = (await runTiny()).steps;
});

afterAll(() => rm(folderOfProgram, { recursive: true, force: true }));

/** Runs the program until it ends or dies; returns the signal that ended it. */
function runProgram(folder: string, log: string, killAt: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, folder, log, killAt], (error) => {
      if (!error) resolve(null);
      else if (error.signal) resolve(error.signal);
      else reject(error);
    });
  });
}

async function killAndResume(killAt: string) {
  const folder = await temporaryFolder();
  const [runs, before, after] = [join(folder, 'runs'), join(folder, 'before.log'), join(folder, 'after.log')];
  const signal = await runProgram(runs, before, killAt);
  const { complete, damaged } = await folderStore(runs).list();
  const resumed = await runProgram(runs, after, '');
  const lines = async (path: string) =>
    (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  return {
    signal,
    resumed,
    damaged,
    newest: complete[0]?.step ?? 0,
    before: await lines(before),
    after: await lines(after),
    left: await readdir(runs),
  };
}

describe('a run that was killed', () => {
  const random = Math.floor(Math.random() * 15) + 1;

  it.each([1, random])('at step %i goes on with the losses of a run which was never killed', async (step) => {
    const run = await killAndResume(`step:${step}`);
    expect([run.signal, run.resumed, run.damaged]).toEqual(['SIGKILL', null, []]);
    expect(run.before).toEqual(whole.slice(0, step));
    expect(run.after).toEqual(whole.slice(run.newest));
    // One checkpoint every two steps, of which one may be under way.
    expect(run.newest).toBeGreaterThanOrEqual(step - 4);
  });

  // Taking the lock is five operations on the disk, a checkpoint and the deletion of an old one some thirty.
  it.each([
    ['while it took the lock', 4, 0],
    ['while it wrote the first checkpoint', 12, 0],
    ['while it wrote a later checkpoint', 60 + random, 2],
    ['while it deleted an old checkpoint', 180 + random, 6],
  ])('%s, at operation %i of the disk, goes on from the newest whole one', async (_when, operation, atLeast) => {
    const run = await killAndResume(`disk:${operation}`);
    expect([run.signal, run.resumed, run.damaged]).toEqual(['SIGKILL', null, []]);
    expect(run.newest).toBeGreaterThanOrEqual(atLeast);
    expect(run.after).toEqual(whole.slice(run.newest));
    expect(run.left.sort()).toEqual(['step-00000012', 'step-00000014', 'step-00000015']);
  });
});
