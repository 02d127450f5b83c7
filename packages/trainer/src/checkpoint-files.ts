import type { ByteSource } from '@umt/checkpoint';
import type { FolderLock } from './folder-lock.ts';

/** The bytes of a file, piece by piece: `[bytes]` where they are at hand. */
export type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

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
  /** Puts a file in the place of one that is there: a reader sees the old one or the new one, whatever ends the writer. */
  replace(folder: string, file: string, bytes: Uint8Array): Promise<void>;
  /** Deletes a folder and what is in it. Half-deleted it is absent, or called `.<name>.<anything>`. */
  remove(folder: string): Promise<void>;
  /** The CRC-32 of zip files, going on from that of the bytes before, where the platform has a faster one than ours. */
  crc32?(bytes: Uint8Array, before?: number): number;
  /** Bytes that can still be written; null where nobody knows. Absent: nobody does. */
  freeBytes?(): Promise<number | null>;
  /**
   * Keeps the place for one run until the lock is released. Absent: every run may write at the same time.
   * @throws FolderInUseError where another run has it
   */
  lock?(): Promise<FolderLock>;
}

/** A folder that is being written. */
export interface FolderWriter {
  /** Writes a file. Once this resolves the bytes survive a crash of the process, and in Node of the machine. */
  write(file: string, pieces: Pieces): Promise<void>;
  /** Gives the folder its name, in place of an older one. */
  commit(): Promise<void>;
  /** Deletes what was written, where the folder cannot be finished. */
  abandon(): Promise<void>;
}
