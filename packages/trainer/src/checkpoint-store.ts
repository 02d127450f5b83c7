/** One checkpoint: a step and the names of its files. */
export interface CheckpointEntry {
  /** Optimizer steps taken when it was written. */
  readonly step: number;
  /** The metadata it was saved with. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** One file of a checkpoint. */
export interface CheckpointFile {
  /** Plain file name, e.g. `model.safetensors`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Where checkpoints live: a folder in Node, the origin-private file system in browsers.
 * A checkpoint is complete when its manifest, which holds a checksum per file and is written last, verifies.
 */
export interface CheckpointStore {
  /** Writes a checkpoint; it counts only once its manifest is in place, so a killed writer leaves the older ones intact. */
  save(step: number, files: readonly CheckpointFile[], metadata: Readonly<Record<string, unknown>>): Promise<void>;
  /** Complete checkpoints, newest first. Incomplete and damaged ones are left out. */
  list(): Promise<readonly CheckpointEntry[]>;
  /** Reads one file of a checkpoint that `list` returned and checks it against its checksum. */
  read(step: number, name: string): Promise<Uint8Array>;
  /** Deletes all but the newest `keep` complete checkpoints, and leftovers of incomplete ones. */
  prune(keep: number): Promise<void>;
}
