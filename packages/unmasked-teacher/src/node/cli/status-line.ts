import type { CommandIo } from './io.ts';

/** One line of a terminal that changes while something goes on. */
export interface StatusLine {
  /** Replaces the line; nothing where `err` is no terminal. */
  show(text: string): void;
  /** Takes the line away; to be called before anything else is written. */
  clear(): void;
}

/** A terminal is redrawn at most this often. */
const REDRAW_MILLISECONDS = 80;
const CLEAR_LINE = '\r\u001b[2K';

/** A status line on `err`, cut to the width of the terminal. */
export function statusLine({ err, environment }: Pick<CommandIo, 'err' | 'environment'>): StatusLine {
  const isTerminal = err.isTTY === true && environment['TERM'] !== 'dumb';
  let isDrawn = false;
  let drawnAt = -Infinity;
  return {
    show(text) {
      if (!isTerminal || performance.now() - drawnAt < REDRAW_MILLISECONDS) return;
      err.write(CLEAR_LINE + text.slice(0, Math.max(1, (err.columns ?? 80) - 1)));
      isDrawn = true;
      drawnAt = performance.now();
    },
    clear() {
      if (isDrawn) err.write(CLEAR_LINE);
      isDrawn = false;
      drawnAt = -Infinity;
    },
  };
}

/** Shows a text on the status line while something goes on. */
export async function shownWhile<T>(
  text: string,
  io: Pick<CommandIo, 'err' | 'environment'>,
  work: () => Promise<T>,
): Promise<T> {
  const status = statusLine(io);
  status.show(text);
  try {
    return await work();
  } finally {
    status.clear();
  }
}
