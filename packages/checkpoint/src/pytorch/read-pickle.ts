import { CheckpointError } from '../checkpoint-error.ts';
import { EndOfBytes } from '../cursor.ts';
import { PickleError } from '../pickle/pickle-error.ts';

/** Longest pickle that is read. That of a model of 300 tensors with Adam takes 100 kB. */
export const MAX_PICKLE_BYTES = 16_000_000;

/**
 * Runs what reads pickles, and says what is wrong with them in the file's name.
 *
 * @throws CheckpointError when one breaks the format, ends early or takes too much memory
 */
export function readingPickles<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof PickleError) throw new CheckpointError(file, `damaged: ${cause.message}`, { cause });
    if (cause instanceof EndOfBytes) throw new CheckpointError(file, 'truncated: its pickle ends early', { cause });
    throw cause;
  }
}
