import type { Pieces } from './checkpoint-files.ts';
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
        async write(file, pieces) {
          files.set(file, await joined(pieces));
        },
        commit() {
          folders.set(folder, files);
          return Promise.resolve();
        },
        abandon: () => Promise.resolve(),
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
    replace(folder, file, bytes) {
      folders.set(folder, new Map([...(folders.get(folder) ?? []), [file, bytes.slice()]]));
      return Promise.resolve();
    },
    remove(folder) {
      folders.delete(folder);
      return Promise.resolve();
    },
  });
}

async function joined(pieces: Pieces): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece.slice());
  const whole = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
