import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemDisk } from '../src/disk.node.ts';
import { lockFolderOn } from '../src/folder-lock.node.ts';
import { folderStore, FolderInUseError, lockFolder } from '../src/index.node.ts';
import { isGone, parseHolder, thisProcess, type LockHolder } from '../src/lock-holder.node.ts';
import { bundle } from './support/bundle.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { runTiny } from './support/tiny-run.ts';

let programs = '';
let program = '';
beforeAll(async () => {
  programs = await mkdtemp(join(tmpdir(), 'umt-trainer-'));
  program = await bundle('./locking-program.ts', programs);
});
afterAll(() => rm(programs, { recursive: true, force: true }));

/** Starts a process that locks a folder and waits; resolves when it has said how that went. */
function holder(folder: string): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.on('error', reject);
    child.stdout.setEncoding('utf8').once('data', (said: string) => resolve({ child, said: said.trim() }));
  });
}

const ended = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve));

/** Leaves a lock file in a folder as another process would. */
async function leave(folder: string, changes: Partial<LockHolder>, ageSeconds = 0): Promise<void> {
  const path = join(folder, 'run.lock');
  await writeFile(path, JSON.stringify({ ...thisProcess(), ...changes }));
  const then = Date.now() / 1000 - ageSeconds;
  await utimes(path, then, then);
}

describe('a folder with a run in it', () => {
  it('is refused to a second process in one line that names the first, and is free when that has ended', async () => {
    const folder = await temporaryFolder();
    const first = await holder(folder);
    expect(first.said).toBe('locked');
    const second = await holder(folder);
    await ended(second.child);
    expect(second.said).toMatch(
      new RegExp(
        `^FolderInUseError: .* is in use by another run, process ${first.child.pid} on ${hostname()} since \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z, last sign of life \\d+ s ago; wait for it, stop it, or choose another folder$`,
      ),
    );
    first.child.kill('SIGTERM');
    await ended(first.child);
    const third = await holder(folder);
    expect(third.said).toBe('locked');
    third.child.kill('SIGKILL');
    await ended(third.child);
    // a crash leaves the file, and no trouble
    expect(await readFile(join(folder, 'run.lock'), 'utf8')).toContain(`"pid":${third.child.pid}`);
    await (await lockFolder(folder)).release();
  });

  it('is refused to a second run of the same process, and to no one afterwards', async () => {
    const folder = await temporaryFolder();
    const lock = await lockFolder(folder);
    await expect(runTiny({ checkpoints: { store: folderStore(folder) } })).rejects.toThrow(FolderInUseError);
    await lock.release();
    await runTiny({ checkpoints: { store: folderStore(folder) }, maxSteps: 1 });
    await runTiny({ checkpoints: { store: folderStore(folder) }, maxSteps: 2 });
  });

  it('is given to one of many that find a dead run’s lock at the same time', async () => {
    for (let attempt = 0; attempt < 5; attempt++) {
      const folder = await temporaryFolder();
      await leave(folder, { pid: 2 ** 30, token: 'dead' });
      const all = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolderOn(systemDisk, folder)));
      const got = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
      expect(got).toHaveLength(1);
      for (const error of refused) expect(error).toBeInstanceOf(FolderInUseError);
      await got[0]?.check();
      await got[0]?.release();
    }
  });
});

describe('the lock of a run that cannot be asked', () => {
  it.each<[string, Partial<LockHolder>, number, boolean]>([
    ['on another machine that showed life lately', { machine: 'far', host: 'far' }, 300, false],
    ['on another machine that has been silent for long', { machine: 'far', host: 'far' }, 601, true],
    ['on this machine that is gone', { pid: 2 ** 30 }, 0, true],
    ['on this machine whose pid is now another process', { born: 'another boot 1' }, 0, true],
    ['of this very process that showed life lately', {}, 300, false],
  ])('%s', async (_what, changes, ageSeconds, isTaken) => {
    const folder = await temporaryFolder();
    await leave(folder, { token: 'its own', ...changes }, ageSeconds);
    const taking = lockFolder(folder);
    if (!isTaken) {
      await expect(taking).rejects.toThrow(/last sign of life 30\d s ago/);
      return;
    }
    const lock = await taking;
    await lock.check();
    await lock.release();
  });

  it('that says nothing is of a writer that died', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'run.lock'), '{"pid":');
    await (await lockFolder(folder)).release();
  });
});

describe('a lock that is held', () => {
  it('is noticed to be lost, and taken again where only its folder vanished', async () => {
    const folder = join(await temporaryFolder(), 'run');
    const lock = await lockFolder(folder);
    await rm(folder, { recursive: true });
    await lock.check();
    expect(parseHolder(await readFile(join(folder, 'run.lock'), 'utf8'))?.pid).toBe(process.pid);
    await leave(folder, { pid: 17, host: 'far', token: 'another' });
    await expect(lock.check()).rejects.toThrow(/process 17 on far/);
    await lock.release();
    expect(await readFile(join(folder, 'run.lock'), 'utf8')).toContain('another'); // not this run's to delete
  });

  it('knows processes by pid and birth', () => {
    const own = thisProcess();
    expect(isGone(own)).toBe(null);
    expect(isGone({ ...own, pid: process.ppid, born: null })).toBe(false);
    expect(isGone({ ...own, machine: 'far' })).toBe(null);
  });
});
