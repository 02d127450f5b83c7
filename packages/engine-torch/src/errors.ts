/** The device has no room for a tensor. The engine stays usable: free tensors and try again. */
export class TorchMemoryError extends Error {
  override readonly name = 'TorchMemoryError';

  /** The error in torch's words as one of this kind; undefined where it is about something else. */
  static from(error: unknown): TorchMemoryError | undefined {
    const message = error instanceof Error ? error.message : '';
    if (!/can't allocate memory|not enough memory|out of memory/i.test(message)) return undefined;
    const advice = 'use a smaller batch, accumulate gradients, or free tensors';
    return new TorchMemoryError(`torch: ${message.replace(/\.?\s*$/, '')}; ${advice}`, { cause: error });
  }
}

/** Something that the torch engine needs is missing or does not work; `reason` says what. */
export class TorchUnavailableError extends Error {
  override readonly name = 'TorchUnavailableError';
  readonly reason: TorchProblem;

  constructor(reason: TorchProblem, message: string, options?: ErrorOptions) {
    super(`torch: ${message}`, options);
    this.reason = reason;
  }
}

/**
 * What stands in the way: the platform is not Linux; torch, its headers or a C++ compiler is not found; the bridge is not
 * built yet, does not compile or does not load; there is no CUDA.
 */
export type TorchProblem =
  'platform' | 'torch' | 'headers' | 'compiler' | 'not-built' | 'build-failed' | 'unusable' | 'cuda';

/** The processes of a run cannot join, or their connection broke. One line that says what to do. */
export class CollectiveError extends Error {
  override readonly name = 'CollectiveError';

  constructor(message: string, options?: ErrorOptions) {
    super(`torch: ${message}`, options);
  }
}

/** A process of a run ended before the others: the run cannot go on, but resumes from its last checkpoint. */
export class LostRankError extends Error {
  override readonly name = 'LostRankError';
  /** The rank that is gone. */
  readonly rank: number;

  constructor(rank: number, worldSize: number, options?: ErrorOptions) {
    super(
      `torch: rank ${rank} of ${worldSize} is gone: its process ended, see what it printed; start the run again to resume from its last checkpoint`,
      options,
    );
    this.rank = rank;
  }
}
