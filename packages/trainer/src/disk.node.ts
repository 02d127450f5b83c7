import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Pieces } from './checkpoint-files.ts';

/** An open file, as far as checkpoints need one. */
export interface DiskFile {
  /** Writes at the end of what was written. */
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>;
  /** Reads from a place of the file. */
  read(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  /** Size in bytes, and when it was last written by the clock of its file system. */
  stat(): Promise<{ readonly size: number; readonly mtimeMs: number }>;
  /** Resolves when all that was written survives a loss of power: of a folder, its names. */
  sync(): Promise<void>;
  /** Lets the file go. */
  close(): Promise<void>;
}

/** What checkpoints need of a disk. Tests put one that fails in its place. */
export interface Disk {
  /** Makes a folder in one that is there. */
  mkdir(path: string): Promise<unknown>;
  /** Opens a file or a folder to read, or a new file to write. */
  open(path: string, flags: 'r' | 'wx'): Promise<DiskFile>;
  /** What is in a folder. */
  readdir(path: string): Promise<readonly { readonly name: string; isDirectory(): boolean }[]>;
  /** Renames a file, in the place of one that is there, or a folder. */
  rename(from: string, to: string): Promise<void>;
  /** Deletes a file, or a folder with all that is in it, if it is there. */
  rm(path: string): Promise<void>;
}

/** The disk of this machine. */
export const systemDisk: Disk = {
  mkdir: (path) => mkdir(path),
  open,
  readdir: (path) => readdir(path, { withFileTypes: true }),
  rename,
  rm: (path) => rm(path, { recursive: true, force: true }),
};

/** Largest single read or write that every platform takes. */
const MAX_TRANSFER_BYTES = 1 << 30;

/** Writes a new file. Once it resolves the bytes survive a loss of power; the name does when its folder is flushed. */
export async function writeFlushed(disk: Disk, path: string, pieces: Pieces): Promise<void> {
  await fill(await disk.open(path, 'wx'), pieces);
}

/** Writes what a new file holds, flushes and closes it. */
export async function fill(file: DiskFile, pieces: Pieces): Promise<void> {
  try {
    for await (const piece of pieces) {
      for (let done = 0; done < piece.length;) {
        const length = Math.min(piece.length - done, MAX_TRANSFER_BYTES);
        done += (await file.write(piece, done, length)).bytesWritten;
      }
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Reads the bytes [begin, end) of an open file. */
export async function readRange(file: DiskFile, name: string, begin: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - begin);
  for (let done = 0; done < bytes.length;) {
    const length = Math.min(bytes.length - done, MAX_TRANSFER_BYTES);
    const { bytesRead } = await file.read(bytes, done, length, begin + done);
    if (bytesRead === 0) throw new Error(`${name}: the file ended at byte ${begin + done} while it was read`);
    done += bytesRead;
  }
  return bytes;
}

/** A new name is on the disk once its folder is. Windows does not open folders and needs no flush. */
export async function flushFolder(disk: Disk, path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await disk.open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes a folder and the parents it lacks, one by one and flushed. */
export async function makeFolders(disk: Disk, path: string): Promise<void> {
  const made = await tryMkdir(disk, path);
  if (made === 'there') return;
  const parent = dirname(path);
  if (made !== 'made') {
    if (parent === path) throw made;
    await makeFolders(disk, parent);
    const again = await tryMkdir(disk, path);
    if (again instanceof Error) throw again;
  }
  await flushFolder(disk, parent);
}

/** The error is of a parent that is not there. */
async function tryMkdir(disk: Disk, path: string): Promise<'made' | 'there' | Error> {
  try {
    await disk.mkdir(path);
    return 'made';
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return 'there';
    if (hasCode(error, 'ENOENT')) return error;
    throw error;
  }
}

/** What an access gives, or null where there is nothing of that name. */
export async function absentAsNull<T>(access: Promise<T>): Promise<T | null> {
  try {
    return await access;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Whether something thrown is the system's error of this code. */
export function hasCode(error: unknown, code: string): error is Error {
  return error instanceof Error && 'code' in error && error.code === code;
}
