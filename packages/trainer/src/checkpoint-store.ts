import type { ByteSource } from '@umt/checkpoint';

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
  readonly bytes: Uint8Array;
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
   * Writes a checkpoint, file by file as they come, so that only one has to be in memory. It counts only once its
   * manifest is in place: a killed writer leaves the older ones intact. One of the same step is replaced.
   */
  save(
    step: number,
    files: Iterable<CheckpointFile> | AsyncIterable<CheckpointFile>,
    metadata: Readonly<Record<string, unknown>>,
  ): Promise<CheckpointEntry>;
  /** Which checkpoints are there, by manifests and file sizes; `open` checks the content. */
  list(): Promise<CheckpointListing>;
  /**
   * Checks one file of a checkpoint against its checksum, then opens it.
   * @throws DamagedCheckpointError when the file is missing or differs from what was written
   */
  open(entry: CheckpointEntry, name: string): Promise<ByteSource>;
  /** Deletes the checkpoint of one step, complete or not. */
  remove(step: number): Promise<void>;
  /** Deletes all but the newest `keep` complete checkpoints, and leftovers of incomplete ones. */
  prune(keep: number): Promise<void>;
}
