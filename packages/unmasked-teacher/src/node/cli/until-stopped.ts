import { stopOnSignals } from '@umt/trainer';
import type { CommandIo } from './io.ts';

/**
 * Does work that Ctrl-C or SIGTERM leaves off; a second one ends the program at once.
 *
 * @param leftOff what is said when it was left off
 * @returns the exit code: that of the work, or 130 or 143 where it was left off
 */
export async function untilStopped(
  leftOff: string,
  io: CommandIo,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const controller = new AbortController();
  const watch = stopOnSignals({ stop: () => controller.abort() });
  try {
    return await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    io.err.write(`${leftOff}\n`);
    return watch.exitCode;
  } finally {
    watch.dispose();
  }
}
