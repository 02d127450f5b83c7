import type { ByteSource } from '@umt/checkpoint';

/**
 * What a checkpoint store needs of a file system: folders of files, one level deep. `checkpointStore` builds a store on it;
 * implement it to keep checkpoints elsewhere.
 */
export interface CheckpointFiles {
  /** Where it lies, in words for people: a path in Node. */
  readonly place: string;
  /** Names of all folders, in any order. A place that does not exist yet has none. */
  folders(): Promise<readonly string[]>;
  /** Begins a folder. Until it is committed it is absent, or called `.<name>.<anything>`, or lacks what was not written yet. */
  create(folder: string): Promise<FolderWriter>;
  /** Opens a file; null where there is none. */
  open(folder: string, file: string): Promise<ByteSource | null>;
  /** Deletes a folder and what is in it. */
  remove(folder: string): Promise<void>;
}

/** A folder that is being written. */
export interface FolderWriter {
  /** Writes a file. Once this resolves the bytes survive a crash of the process, and in Node of the machine. */
  write(file: string, bytes: Uint8Array): Promise<void>;
  /** Gives the folder its name, in place of an older one. */
  commit(): Promise<void>;
}
