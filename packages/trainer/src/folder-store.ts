import type { CheckpointStore } from './checkpoint-store.ts';

/**
 * A checkpoint store in a folder on disk, in Node. A checkpoint is written to a temporary folder, file by file and
 * flushed to the disk, its manifest last; then the folder takes its name. What a killed writer leaves does not count.
 *
 * @param path made when the first checkpoint is written
 * @throws Error in browsers, where `originPrivateStore` keeps checkpoints
 */
export function folderStore(path: string): CheckpointStore {
  throw new Error(`folderStore: browsers have no folder ${path}; use originPrivateStore, or memoryStore for tests`);
}
