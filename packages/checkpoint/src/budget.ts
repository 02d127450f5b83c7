import { CheckpointError } from './checkpoint-error.ts';

/** Memory that what stands in one file may take before its tensors are read. A model of 300 tensors with Adam takes 2 MB. */
const MAX_BYTES = 32_000_000;

/** Counts the memory that a file's contents make a reader allocate, so that a small file cannot ask for much. */
export class Budget {
  readonly #file: string;
  #left = MAX_BYTES;

  /** @param file what the message calls the file */
  constructor(file: string) {
    this.#file = file;
  }

  /**
   * @param bytes about what an object, with its share of the tables that hold it, takes
   * @throws CheckpointError when the sum is over the limit
   */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    throw new CheckpointError(this.#file, `what it holds beside tensors takes over ${MAX_BYTES / 1e6} MB: refused`);
  }
}
