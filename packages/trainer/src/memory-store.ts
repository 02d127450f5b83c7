import type { CheckpointStore } from './checkpoint-store.ts';
import { checkpointStore } from './stored-checkpoints.ts';

/** A checkpoint store that lives as long as the program: for tests, and for runs that only resume within a page. */
export function memoryStore(): CheckpointStore {
  const folders = new Map<string, ReadonlyMap<string, Uint8Array>>();
  return checkpointStore({
    place: 'memory',
    folders: () => Promise.resolve([...folders.keys()]),
    create(folder) {
      const files = new Map<string, Uint8Array>();
      return Promise.resolve({
        write(file, bytes) {
          files.set(file, bytes.slice());
          return Promise.resolve();
        },
        commit() {
          folders.set(folder, files);
          return Promise.resolve();
        },
      });
    },
    open(folder, file) {
      const bytes = folders.get(folder)?.get(file);
      if (!bytes) return Promise.resolve(null);
      return Promise.resolve({
        name: `${folder}/${file}`,
        byteLength: bytes.byteLength,
        read: (begin, end) => Promise.resolve(bytes.subarray(begin, end)),
        close: () => Promise.resolve(),
      });
    },
    remove(folder) {
      folders.delete(folder);
      return Promise.resolve();
    },
  });
}
