import type { TextStream } from '@umt/trainer';
import type colors from 'picocolors';

/** Where a command writes and what it knows of its surroundings. */
export interface CommandIo {
  /** Results: paths, JSON. */
  readonly out: TextStream;
  /** What is meant for people: progress, warnings, errors. */
  readonly err: TextStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How this program was called, for commands that it suggests. */
  readonly program: string;
  readonly version: string;
  /** Colours for `out`. */
  readonly colors: ReturnType<typeof colors.createColors>;
}

/** A command line that cannot be understood. One line that says what was meant. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
