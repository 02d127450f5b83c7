import { DataError } from '../data-error.ts';

/** A shard set, or one of its files, that cannot be used. */
export class ShardError extends DataError {
  override readonly name = 'ShardError';
  /** The file, as a path or an address. */
  readonly file: string;

  constructor(file: string, problem: string, options?: { readonly cause?: unknown }) {
    super(`${file}: ${problem}`, options);
    this.file = file;
  }
}
