import type { ByteSource } from '@umt/checkpoint';
import { randomUUID } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as zlib from 'node:zlib';
import type { CheckpointFiles } from './checkpoint-files.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { absentAsNull, flushFolder, makeFolders, readRange, systemDisk, writeFlushed, type Disk } from './disk.node.ts';
import { lockFolderOn } from './folder-lock.node.ts';
import { checkpointStore } from './stored-checkpoints.ts';

/** A checkpoint store in a folder on disk. See the browser-safe declaration for the contract. */
export function folderStore(path: string): CheckpointStore {
  return checkpointStore(folderFiles(path));
}

/** The file layer of `folderStore`, for stores that add to it and for tests with another disk. */
export function folderFiles(path: string, disk: Disk = systemDisk): CheckpointFiles {
  const root = resolve(path);
  /** What a folder or file is called before it is whole, or once it is given up. */
  const hidden = (name: string) => join(root, `.${name}.${randomUUID()}`);
  /** Takes a folder's name away at once, so that it is never seen half-deleted; deletes it with the function returned. */
  const setAside = async (folder: string) => {
    const aside = hidden(folder);
    await absentAsNull(disk.rename(join(root, folder), aside));
    return () => disk.rm(aside);
  };
  return {
    place: path,
    async folders() {
      const entries = await absentAsNull(disk.readdir(root));
      return (entries ?? []).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    },
    async create(folder) {
      await makeFolders(disk, root);
      const temporary = hidden(folder);
      await disk.mkdir(temporary);
      return {
        write: (file, pieces) => writeFlushed(disk, join(temporary, file), pieces),
        async commit() {
          await flushFolder(disk, temporary);
          const deleteReplaced = await setAside(folder);
          await disk.rename(temporary, join(root, folder));
          await flushFolder(disk, root);
          await deleteReplaced();
        },
        abandon: () => disk.rm(temporary),
      };
    },
    open: (folder, file) => openFile(disk, join(root, folder, file)),
    async replace(folder, file, bytes) {
      const temporary = join(root, folder, `.${file}.${randomUUID()}`);
      try {
        await writeFlushed(disk, temporary, [bytes]);
        await disk.rename(temporary, join(root, folder, file));
      } catch (error) {
        await disk.rm(temporary).catch(() => {});
        throw error;
      }
      await flushFolder(disk, join(root, folder));
    },
    async remove(folder) {
      if (folder.startsWith('.')) return disk.rm(join(root, folder));
      await (
        await setAside(folder)
      )();
    },
    ...(typeof zlib.crc32 === 'function' && { crc32: zlib.crc32 }), // Node 20.15, 22.2 and later
    async freeBytes() {
      const { bavail, bsize } = await statfs(root);
      return bavail * bsize;
    },
    lock: () => lockFolderOn(disk, path),
  };
}

async function openFile(disk: Disk, path: string): Promise<ByteSource | null> {
  const file = await absentAsNull(disk.open(path, 'r'));
  if (!file) return null;
  return {
    name: path,
    byteLength: (await file.stat()).size,
    read: (begin, end) => readRange(file, path, begin, end),
    close: () => file.close(),
  };
}
