import type { RunHandle } from './run.ts';

/** What `stopOnSignals` has seen. */
export interface SignalWatch {
  /** The first signal; null while there was none. */
  readonly received: 'SIGINT' | 'SIGTERM' | null;
  /** What a program that was ended by this signal exits with: 130 for Ctrl-C, 143 for SIGTERM, 0 while there was none. */
  readonly exitCode: number;
  /** Stops watching. */
  dispose(): void;
}

/**
 * Stops a run in good order on Ctrl-C or SIGTERM, in Node: the step is finished and a checkpoint written. A second signal
 * exits at once.
 *
 * @param onStop told of the first signal, so that the user can be told to wait
 * @throws Error in browsers, which have no signals
 */
export function stopOnSignals(
  _handle: Pick<RunHandle<unknown>, 'stop'>,
  _onStop?: (signal: 'SIGINT' | 'SIGTERM') => void,
): SignalWatch {
  throw new Error('stopOnSignals: browsers have no signals; call stop() of the run handle');
}
