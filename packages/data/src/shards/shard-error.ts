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

/** Where shards lie does not answer any more, or gives other bytes than before: no fault of a sample, so the run ends. */
export class ShardSourceError extends DataError {
  override readonly name = 'ShardSourceError';
}
