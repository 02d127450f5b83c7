import { CheckpointWriteError } from './errors.ts';

/** What happens when a save fails. */
export interface SaveFailures {
  /** After so many in a row the run ends. */
  readonly most: number;
  /** Told of each that does not end it, and how many there were in a row. */
  readonly onFailure: (error: CheckpointWriteError, inARow: number) => void;
}

/**
 * Writes beside the training, one thing at a time. A place that cannot be written for once must not throw a run away: training goes on
 * and the next save tries again; only after several in a row, or with any other error, the run ends.
 */
export class BackgroundSaves {
  readonly #failures: SaveFailures;
  #inFlight: Promise<void> | null = null;
  #lastFailure: CheckpointWriteError | null = null;
  #failedInARow = 0;
  #fatal: { readonly error: unknown } | null = null;

  constructor(failures: SaveFailures) {
    this.#failures = failures;
  }

  /** Whether something is being written. */
  get isBusy(): boolean {
    return this.#inFlight !== null;
  }

  /** Throws the error that ends the run, if there is one. */
  check(): void {
    if (this.#fatal) throw this.#fatal.error;
  }

  /** Waits until nothing is being written. Throws the error that ends the run, if there is one. */
  async idle(): Promise<void> {
    await this.#inFlight;
    this.check();
  }

  /** Waits as `idle` does, and throws also the last failure, where nothing was written since. */
  async finish(): Promise<void> {
    await this.idle();
    if (this.#lastFailure) throw this.#lastFailure;
  }

  /** Begins to write. Only while nothing else is being written. */
  begin(write: () => Promise<void>): void {
    if (this.#inFlight) throw new Error('BackgroundSaves: begin() while another save is under way');
    this.#inFlight = this.#run(write).finally(() => {
      this.#inFlight = null;
    });
  }

  async #run(write: () => Promise<void>): Promise<void> {
    try {
      await write();
      this.#failedInARow = 0;
      this.#lastFailure = null;
    } catch (error) {
      if (!(error instanceof CheckpointWriteError)) {
        this.#fatal = { error };
        return;
      }
      this.#failedInARow++;
      this.#lastFailure = error;
      if (this.#failedInARow >= this.#failures.most) this.#fatal = { error };
      else this.#failures.onFailure(error, this.#failedInARow);
    }
  }
}
