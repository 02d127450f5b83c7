import type { ByteSource } from '@umt/checkpoint';
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { CheckpointFiles } from './checkpoint-files.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { checkpointStore } from './stored-checkpoints.ts';

/** Largest single read or write that every platform takes. */
const MAX_TRANSFER_BYTES = 1 << 30;

/** A checkpoint store in a folder on disk. See the browser-safe declaration for the contract. */
export function folderStore(path: string): CheckpointStore {
  return checkpointStore(folderFiles(path));
}

/** The file layer of `folderStore`, for stores that add to it. */
export function folderFiles(path: string): CheckpointFiles {
  const root = resolve(path);
  return {
    place: path,
    async folders() {
      const entries = await absentAsNull(readdir(root, { withFileTypes: true }));
      return (entries ?? []).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    },
    async create(folder) {
      const temporary = join(root, `.${folder}.${randomUUID()}`);
      await mkdir(temporary, { recursive: true });
      return {
        write: (file, bytes) => writeFlushed(join(temporary, file), bytes),
        async commit() {
          await flushFolder(temporary);
          const replaced = join(root, `.${folder}.${randomUUID()}`);
          await absentAsNull(rename(join(root, folder), replaced));
          await rename(temporary, join(root, folder));
          await flushFolder(root);
          await rm(replaced, { recursive: true, force: true });
        },
      };
    },
    open: (folder, file) => openFile(join(root, folder, file)),
    remove: (folder) => rm(join(root, folder), { recursive: true, force: true }),
  };
}

async function writeFlushed(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    for (let done = 0; done < bytes.length;) {
      const length = Math.min(bytes.length - done, MAX_TRANSFER_BYTES);
      done += (await handle.write(bytes, done, length)).bytesWritten;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A new name is on the disk once its folder is. Windows does not open folders and needs no flush. */
async function flushFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function openFile(path: string): Promise<ByteSource | null> {
  const handle = await absentAsNull(open(path, 'r'));
  if (!handle) return null;
  return {
    name: path,
    byteLength: (await handle.stat()).size,
    async read(begin, end) {
      const bytes = new Uint8Array(end - begin);
      for (let done = 0; done < bytes.length;) {
        const length = Math.min(bytes.length - done, MAX_TRANSFER_BYTES);
        const { bytesRead } = await handle.read(bytes, done, length, begin + done);
        if (bytesRead === 0) throw new Error(`${path}: the file ended at byte ${begin + done} while it was read`);
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

async function absentAsNull<T>(access: Promise<T>): Promise<T | null> {
  try {
    return await access;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
