import { progressReporter, stopOnSignals, type AnyEvent, type RunHandle } from '@umt/trainer';
import { eventLine } from '../event-line.ts';
import type { CommandIo } from './io.ts';

/** How a run that was followed to its end came out. */
export interface FollowedRun<Result> {
  readonly result: Result;
  /** 0, or that of the signal that stopped it. */
  readonly exitCode: number;
}

/**
 * Follows a run in a worker: progress for people on `err`, with `isJson` every event as a line on `out`, and an orderly stop on
 * Ctrl-C.
 *
 * @param start starts it with a listener for its events
 * @param lineOf the line that an event of the command's own becomes; undefined leaves it to the progress display
 */
export async function followRun<Event extends AnyEvent, Result>(
  start: (onEvent: (event: Event) => void) => RunHandle<Result>,
  lineOf: (event: Event) => string | undefined,
  isJson: boolean,
  io: CommandIo,
): Promise<FollowedRun<Result>> {
  const progress = progressReporter({ stream: io.err, environment: io.environment });
  const handle = start((event) => {
    if (isJson) io.out.write(eventLine(event));
    const line = lineOf(event);
    if (line !== undefined) progress.line(line);
    else if (event.type !== 'epoch') progress.onEvent(event);
  });
  const signals = stopOnSignals(handle, () => progress.line('stopping after this step; Ctrl-C again quits at once'));
  try {
    const result = await handle.result;
    return { result, exitCode: signals.exitCode };
  } finally {
    progress.close();
    signals.dispose();
  }
}
