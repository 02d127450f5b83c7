import type { ByteSource } from '@umt/checkpoint';
import type { CheckpointFiles, Pieces } from './checkpoint-files.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { FolderInUseError } from './errors.ts';
import type { FolderLock } from './folder-lock.ts';
import { checkpointStore } from './stored-checkpoints.ts';

/**
 * A checkpoint store in the browser's origin-private file system, in pages and workers.
 *
 * @param path folder below the origin's root, e.g. `runs/tiny`; made when it is first written
 * @throws Error where there is no such file system, as in Node
 */
export function originPrivateStore(path: string): CheckpointStore {
  if (typeof navigator === 'undefined' || !('storage' in navigator)) {
    throw new Error('originPrivateStore: there is no origin-private file system here; use folderStore(path) in Node');
  }
  return checkpointStore(originPrivateFiles(path));
}

// The file system can neither rename nor flush a folder. A file takes its place as a whole when its stream is closed, and a
// folder without its manifest, which is written last, does not count: that is all a store needs.
function originPrivateFiles(path: string): CheckpointFiles {
  const root = async (create: boolean): Promise<FileSystemDirectoryHandle | null> => {
    let folder = await navigator.storage.getDirectory();
    for (const part of path.split('/').filter((name) => name !== '')) {
      const next = await found(folder.getDirectoryHandle(part, { create }));
      if (!next) return null;
      folder = next;
    }
    return folder;
  };
  const remove = async (folder: string): Promise<void> => {
    await found((await root(false))?.removeEntry(folder, { recursive: true }));
  };
  return {
    place: `the origin-private file system, ${path}`,
    async folders() {
      const names: string[] = [];
      const entries = (await root(false))?.values() ?? [];
      for await (const entry of entries) if (entry.kind === 'directory') names.push(entry.name);
      return names;
    },
    async create(folder) {
      await remove(folder);
      const parent = await root(true);
      const handle = await parent?.getDirectoryHandle(folder, { create: true });
      if (!handle) throw new Error(`originPrivateStore: ${path}/${folder} cannot be made`);
      return {
        write: (file, pieces) => writeFile(handle, file, pieces),
        commit: () => Promise.resolve(),
        abandon: () => remove(folder),
      };
    },
    async replace(folder, file, bytes) {
      const handle = await (await root(false))?.getDirectoryHandle(folder);
      if (handle) await writeFile(handle, file, [bytes]);
    },
    async open(folder, file) {
      const handle = await found((await root(false))?.getDirectoryHandle(folder));
      const fileHandle = await found(handle?.getFileHandle(file));
      return fileHandle ? fileSource(`${path}/${folder}/${file}`, await fileHandle.getFile()) : null;
    },
    remove,
    async freeBytes() {
      const { quota, usage } = await navigator.storage.estimate();
      return quota === undefined || usage === undefined ? null : quota - usage;
    },
    lock: () => lockPath(path),
  };
}

/** A web lock: it ends with the page or worker that holds it, however that ends. */
function lockPath(path: string): Promise<FolderLock> {
  if (!('locks' in navigator))
    return Promise.resolve({ check: () => Promise.resolve(), release: () => Promise.resolve() });
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(`umt-checkpoints ${path}`, { ifAvailable: true }, (lock) => {
      if (!lock) {
        throw new FolderInUseError(
          `${path} is in use by another run of this site, in another tab or worker; wait for it, stop it, or choose another folder`,
        );
      }
      return new Promise<void>((letGo) => {
        resolve({
          check: () => Promise.resolve(),
          release: async () => {
            letGo();
            await held;
          },
        });
      });
    });
    held.catch(reject);
  });
}

async function writeFile(folder: FileSystemDirectoryHandle, file: string, pieces: Pieces): Promise<void> {
  const stream = await (await folder.getFileHandle(file, { create: true })).createWritable();
  try {
    for await (const piece of pieces) await stream.write(piece as Uint8Array<ArrayBuffer>);
  } catch (error) {
    await stream.abort();
    throw error;
  }
  await stream.close();
}

function fileSource(name: string, file: File): ByteSource {
  return {
    name,
    byteLength: file.size,
    read: async (begin, end) => new Uint8Array(await file.slice(begin, end).arrayBuffer()),
    close: () => Promise.resolve(),
  };
}

/** What a look-up gives, or undefined where nothing has that name. */
async function found<T>(lookUp: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await lookUp;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
    throw error;
  }
}
