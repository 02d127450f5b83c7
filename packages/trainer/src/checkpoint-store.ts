import type { ByteSource } from '@umt/checkpoint';
import type { Pieces } from './checkpoint-files.ts';
import type { FolderLock } from './folder-lock.ts';

/** One complete checkpoint, as its manifest tells. */
export interface CheckpointEntry {
  /** Optimizer steps taken when it was written. */
  readonly step: number;
  /** The metadata it was saved with. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Its files, by name. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly crc32: number }>>;
}

/** One file of a checkpoint that is to be written. */
export interface CheckpointFile {
  /** Plain file name, e.g. `model.safetensors`. */
  readonly name: string;
  /** Size of all pieces together. */
  readonly byteLength: number;
  /** Its bytes, read once and a piece at a time: a large file need never be in memory as a whole. */
  readonly pieces: Pieces;
}

/** What `CheckpointStore.list` found. */
export interface CheckpointListing {
  /** Checkpoints whose manifest is sound and whose files are there in their full size; newest first. */
  readonly complete: readonly CheckpointEntry[];
  /** One line for each checkpoint that is not, saying which and why. */
  readonly damaged: readonly string[];
}

/**
 * Where checkpoints live: a folder in Node, the origin-private file system in browsers. A checkpoint is complete when
 * its manifest, which holds size and CRC-32 of every file and is written last, verifies.
 */
export interface CheckpointStore {
  /** Where it lies, in words for people: a path in Node. */
  readonly place: string;
  /**
   * Writes a checkpoint, file by file and piece by piece. It counts only once its manifest is in place: a killed writer leaves the
   * older ones intact. One of the same step is replaced.
   *
   * @throws CheckpointWriteError where the place cannot be written: full, read-only, gone. The older ones are intact
   */
  save(
    step: number,
    files: readonly CheckpointFile[],
    metadata: Readonly<Record<string, unknown>>,
  ): Promise<CheckpointEntry>;
  /**
   * Adds to the metadata of a checkpoint, as a whole or not at all.
   * @throws CheckpointWriteError as `save` does
   */
  annotate(step: number, metadata: Readonly<Record<string, unknown>>): Promise<void>;
  /** Which checkpoints are there, by manifests and file sizes; `open` checks the content. */
  list(): Promise<CheckpointListing>;
  /**
   * Checks one file of a checkpoint against its checksum, then opens it.
   * @throws DamagedCheckpointError when the file is missing or differs from what was written
   */
  open(entry: CheckpointEntry, name: string): Promise<ByteSource>;
  /** Deletes the checkpoint of one step, complete or not. */
  remove(step: number): Promise<void>;
  /**
   * Deletes the complete checkpoints that are not chosen, and leftovers of incomplete ones.
   * @param choose the steps that stay, of the complete checkpoints, newest first
   */
  prune(choose: (complete: readonly CheckpointEntry[]) => ReadonlySet<number>): Promise<void>;
  /**
   * Keeps the place for one run, where it can be kept.
   * @throws FolderInUseError where another run has it
   */
  lock(): Promise<FolderLock>;
}
