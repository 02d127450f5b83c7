import { answerRun, type RunFunction } from './answer-run.ts';
import type { AnyEvent, TrainingEvent } from './events.ts';
import type { ToWorker } from './run-protocol.ts';

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  readonly document?: unknown;
}

/**
 * Serves the run that `startRun` asked for; called once, in the worker's module. What `run` returns becomes the result on
 * the main thread, what it throws the error there, and `control` carries events out and the wish to stop in.
 *
 * @throws Error outside a worker
 */
export function serveRun<Config, Result, Event extends AnyEvent = TrainingEvent>(
  run: RunFunction<Config, Result, Event>,
): void {
  const scope = globalThis as unknown as WorkerScope; // the DOM library describes windows only
  if (scope.document !== undefined || typeof scope.postMessage !== 'function') {
    throw new Error('serveRun: this is no worker; start this module with startRun');
  }
  const port = {
    post: (message: unknown) => scope.postMessage(message),
    listen: (onMessage: (message: ToWorker) => void) => {
      scope.onmessage = ({ data }) => onMessage(data);
    },
    close: () => {
      scope.onmessage = null;
    },
  };
  void holdLock().then((lock) => answerRun(port, run, lock));
}

/** Holds a lock for as long as this worker lives, so that its end can be seen from outside; null where there are none. */
function holdLock(): Promise<string | null> {
  if (typeof navigator === 'undefined' || !('locks' in navigator)) return Promise.resolve(null);
  const lock = `umt-run-${crypto.randomUUID()}`;
  return new Promise((resolve) => {
    const forEver = () => {
      resolve(lock);
      return new Promise<never>(() => {});
    };
    navigator.locks.request(lock, forEver).catch(() => resolve(null));
  });
}
