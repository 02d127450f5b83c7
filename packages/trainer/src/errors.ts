/** One step whose update was not applied. */
export interface SkippedStep {
  /** Steps taken, this one included. */
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** What the batch source calls the samples of the step on this rank: paths, say. Empty where it has no `describe`. */
  readonly samples: readonly string[];
}

/**
 * The run ended because too many steps in a row had no finite loss or gradient norm, and roll-backs did not help. No weight was
 * changed by those steps.
 */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
  /** The skipped steps in a row that ended the run. */
  readonly skipped: readonly SkippedStep[];

  constructor(message: string, skipped: readonly SkippedStep[]) {
    super(message);
    this.skipped = skipped;
  }
}

/** A file of a checkpoint is missing, short, or not what was written. */
export class DamagedCheckpointError extends Error {
  override readonly name = 'DamagedCheckpointError';
}

/** A checkpoint could not be written: its place is full, read-only or gone. The older checkpoints are intact. */
export class CheckpointWriteError extends Error {
  override readonly name = 'CheckpointWriteError';
}

/** Another run works in the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

/** The checkpoint that was asked for cannot be resumed by this run: it is not there, unreadable, or of another run. */
export class ResumeError extends Error {
  override readonly name = 'ResumeError';
}

/** A training option is out of range. */
export class TrainOptionsError extends Error {
  override readonly name = 'TrainOptionsError';
}

/** The function in a worker threw. Its message is the original one. */
export class RunError extends Error {
  override readonly name = 'RunError';
  /** Name of the original error class, e.g. `DivergedError`. */
  readonly errorName: string;

  constructor(message: string, errorName: string, stack?: string) {
    super(message);
    this.errorName = errorName;
    if (stack !== undefined) this.stack = stack;
  }
}

/** A worker ended without an answer: it crashed, ran out of memory, or could not be loaded. */
export class WorkerDiedError extends Error {
  override readonly name = 'WorkerDiedError';
}
