import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  absentAsNull,
  fill,
  hasCode,
  makeFolders,
  readRange,
  systemDisk,
  writeFlushed,
  type Disk,
} from './disk.node.ts';
import { FolderInUseError } from './errors.ts';
import type { FolderLock, lockFolder as lockFolderAnywhere } from './folder-lock.ts';
import { isGone, parseHolder, thisProcess, type LockHolder } from './lock-holder.node.ts';
import { writeFailure } from './write-failure.ts';

const LOCK = 'run.lock';
/** How often a holder shows that it lives. */
const SIGN_OF_LIFE_MS = 15_000;
/** A holder that cannot be seen from here is taken for gone after this. A step that blocks its thread for less is no matter. */
const PATIENCE_MS = 600_000;
/** A file that says nothing is being written; after this its writer died. */
const WRITING_MS = 200;

/** Keeps a folder for this process. See the browser-safe declaration for the contract. */
export const lockFolder: typeof lockFolderAnywhere = (path) => lockFolderOn(systemDisk, path);

/** `lockFolder` on any disk, for any process. */
export async function lockFolderOn(disk: Disk, path: string, holder = thisProcess()): Promise<FolderLock> {
  const root = resolve(path);
  const file = join(root, LOCK);
  const explained = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (cause) {
      throw writeFailure('the lock of this run', path, cause);
    }
  };
  const take = async (): Promise<void> => {
    await makeFolders(disk, root);
    while (!(await create(disk, file, holder))) await clear(disk, path, file, holder);
  };
  await explained(take);
  let sign = Promise.resolve();
  const timer = setInterval(() => {
    sign = showLife(disk, file, holder);
  }, SIGN_OF_LIFE_MS).unref();
  return {
    check: () =>
      explained(async () => {
        const found = await read(disk, file);
        if (!found) return take();
        if (found.holder?.token !== holder.token) throw inUse(path, found.holder);
      }),
    async release() {
      clearInterval(timer);
      await sign;
      const found = await read(disk, file).catch(() => null);
      if (found?.holder?.token === holder.token) await disk.rm(file).catch(() => {});
    },
  };
}

interface FoundLock {
  /** Null where the file says nothing (yet). */
  readonly holder: LockHolder | null;
  /** Of its last sign of life, by the clock of the file system. */
  readonly mtimeMs: number;
}

/** Writes the lock file where there is none. */
async function create(disk: Disk, file: string, holder: LockHolder): Promise<boolean> {
  const opened = await disk.open(file, 'wx').catch((error: unknown) => {
    if (hasCode(error, 'EEXIST')) return null;
    throw error;
  });
  if (!opened) return false;
  try {
    await fill(opened, [bytesOf(holder)]);
  } catch (error) {
    await disk.rm(file).catch(() => {}); // a lock that says nothing would keep this run out for a while
    throw error;
  }
  return true;
}

/**
 * Deletes the lock of a process that is gone. Several may find it at the same time: who makes a second file may delete the first,
 * after another look at it.
 */
async function clear(disk: Disk, path: string, file: string, holder: LockHolder): Promise<void> {
  const found = await expectGone(disk, path, file);
  if (!found) return;
  const guard = `${file}.takeover`;
  if (!(await create(disk, guard, holder))) {
    if (await expectGone(disk, path, guard)) await disk.rm(guard);
    return;
  }
  try {
    const now = await read(disk, file);
    if (now?.holder?.token === found.holder?.token) await disk.rm(file);
  } finally {
    await disk.rm(guard);
  }
}

/** What a lock file says, of a holder that is gone; null where there is none. Throws FolderInUseError where it is not gone. */
async function expectGone(disk: Disk, path: string, file: string): Promise<FoundLock | null> {
  let found = await read(disk, file);
  if (found && !found.holder) {
    await sleep(WRITING_MS);
    found = await read(disk, file);
  }
  if (!found?.holder) return found;
  const silentMs = (await timeOf(disk, file)) - found.mtimeMs;
  if (!(isGone(found.holder) ?? silentMs > PATIENCE_MS)) throw inUse(path, found.holder, silentMs);
  return found;
}

/** Rewrites the file, as long as it is this run's: the file system's clock then says when. */
async function showLife(disk: Disk, file: string, holder: LockHolder): Promise<void> {
  try {
    if ((await read(disk, file))?.holder?.token !== holder.token) return;
    const fresh = `${file}.${randomUUID()}`;
    await writeFlushed(disk, fresh, [bytesOf(holder)]);
    await disk.rename(fresh, file);
  } catch {
    return; // a folder that cannot be written tells so when a checkpoint is due
  }
}

async function read(disk: Disk, path: string): Promise<FoundLock | null> {
  const file = await absentAsNull(disk.open(path, 'r'));
  if (!file) return null;
  try {
    const { size, mtimeMs } = await file.stat();
    const text = new TextDecoder().decode(await readRange(file, path, 0, size));
    return { holder: parseHolder(text), mtimeMs };
  } finally {
    await file.close();
  }
}

/** The present time by the clock of the file system. */
async function timeOf(disk: Disk, file: string): Promise<number> {
  const probe = `${file}.${randomUUID()}`;
  try {
    await writeFlushed(disk, probe, []);
    return (await read(disk, probe))?.mtimeMs ?? Date.now();
  } finally {
    await disk.rm(probe);
  }
}

function bytesOf(holder: LockHolder): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(holder)}\n`);
}

function inUse(path: string, holder: LockHolder | null, silentMs?: number): FolderInUseError {
  const who = holder ? `process ${holder.pid} on ${holder.host} since ${holder.since}` : 'a process that just began';
  const sign = silentMs === undefined ? '' : `, last sign of life ${Math.max(0, Math.round(silentMs / 1000))} s ago`;
  return new FolderInUseError(
    `${path} is in use by another run, ${who}${sign}; wait for it, stop it, or choose another folder`,
  );
}
