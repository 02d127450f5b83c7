// Real processes are killed at random moments, many of them in the middle of writing a checkpoint, and started again.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { random } from '@umt/random';
import { expect, it } from 'vitest';
import { folderStore } from '../src/index.node.ts';
import { bundle } from './support/bundle.ts';
import { runTiny } from './support/tiny-run.ts';

const KILLS = 200;
const EPOCHS = 24;
/** Operations of the disk in a start that takes 40 steps. */
const MOST_OPERATIONS = 600;
const MOST_MILLISECONDS = 900;

it(`a run that is killed again and again, ${KILLS} times in all, has the losses of one that never was`, async () => {
  const { steps: whole } = await runTiny({ epochs: EPOCHS });
  const root = await mkdtemp(join(tmpdir(), 'umt-trainer-soak-'));
  try {
    const program = await bundle('./killed-run.ts', root);
    const draw = random({ seed: Date.now(), stream: 'kills', index: 0 });
    const counts = { runs: 0, starts: 0, atMoments: 0, atOperations: 0, damaged: 0, stepsRepeated: 0 };
    const kills = () => counts.atMoments + counts.atOperations;
    while (kills() < KILLS) {
      const folder = join(root, `run-${counts.runs++}`);
      const store = folderStore(folder);
      let isDone = false;
      let furthest = 0;
      while (!isDone) {
        const log = join(root, `start-${counts.starts++}.log`);
        const isAtMoment = draw.uniform() < 0.5;
        const operation = 1 + Math.floor(draw.uniform() * MOST_OPERATIONS);
        const delay = 100 + draw.uniform() * MOST_MILLISECONDS;
        const before = (await store.list()).complete[0]?.step ?? 0;
        const mayKill = kills() < KILLS;
        const signal = await start(
          [program, folder, log, mayKill && !isAtMoment ? `disk:${operation}` : '', String(EPOCHS)],
          mayKill && isAtMoment ? delay : null,
        );
        if (signal !== null) counts[isAtMoment ? 'atMoments' : 'atOperations']++;
        isDone = signal === null;

        const logged = await linesOf(log);
        // every step that was taken again had the very same loss
        expect(logged).toEqual(whole.slice(before, before + logged.length));
        counts.stepsRepeated += Math.max(0, Math.min(furthest, before + logged.length) - before);
        furthest = Math.max(furthest, before + logged.length);
        // nothing that was said to be saved is lost
        const { complete, damaged } = await store.list();
        const saved = (await linesOf(`${log}.saved`)).map(Number);
        expect(complete[0]?.step ?? 0).toBeGreaterThanOrEqual(Math.max(before, ...saved));
        counts.damaged += damaged.length;
      }
      expect((await store.list()).complete[0]?.step).toBe(whole.length);
    }
    expect(counts.damaged).toBe(0);
    if (process.env['UMT_REPORT']) console.log(JSON.stringify(counts));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

/** Runs the program until it ends or is killed; returns the signal that ended it. */
function start(args: readonly string[], killAfterMilliseconds: number | null): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [...args], (error) => {
      clearTimeout(timer);
      if (!error) resolve(null);
      else if (error.signal) resolve(error.signal);
      else reject(error);
    });
    const timer =
      killAfterMilliseconds === null ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMilliseconds);
  });
}

async function linesOf(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}
