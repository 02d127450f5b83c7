import { randomUUID } from 'node:crypto';
import { readlinkSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who holds a lock, as its file tells. */
export interface LockHolder {
  readonly pid: number;
  /** Name of the machine, for people. */
  readonly host: string;
  /** What two processes must share to see each other's pids: a container has its own. */
  readonly machine: string;
  /** What tells a process from a later one of the same pid; null where the system does not say. */
  readonly born: string | null;
  /** ISO 8601. */
  readonly since: string;
  /** Tells two locks of one process apart. */
  readonly token: string;
}

/** This process, from now on. */
export function thisProcess(): LockHolder {
  return {
    pid: process.pid,
    host: hostname(),
    machine: machine(),
    born: bornOf(process.pid),
    since: new Date().toISOString(),
    token: randomUUID(),
  };
}

/** Reads a lock file; null where it was never finished. */
export function parseHolder(text: string): LockHolder | null {
  try {
    const holder = JSON.parse(text) as Partial<LockHolder> | null;
    const isWhole =
      typeof holder?.pid === 'number' &&
      [holder.host, holder.machine, holder.since, holder.token].every((field) => typeof field === 'string');
    return isWhole ? (holder as LockHolder) : null;
  } catch {
    return null;
  }
}

/** Whether a process of this machine is gone; null where that cannot be seen from here: another machine, or this process itself. */
export function isGone({ pid, machine: its, born }: LockHolder): boolean | null {
  if (its !== machine()) return null;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there and someone else's
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return true;
  }
  if (born !== null && bornOf(pid) !== born) return true;
  return pid === process.pid ? null : false;
}

function machine(): string {
  return [hostname(), orNull(() => readlinkSync('/proc/self/ns/pid')) ?? ''].join(' ');
}

/** Boot and moment in which a process began, on Linux. */
function bornOf(pid: number): string | null {
  return orNull(() => {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return `${boot} ${fields[19] ?? ''}`; // starttime, the 22nd field, counted from the one after the name
  });
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
