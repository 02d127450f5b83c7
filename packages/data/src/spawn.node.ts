import { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker } from './worker-protocol.ts';
import type { WorkerHost, WorkerPort } from './worker-pool.ts';

/**
 * How long a thread may take to end by itself. A decoder's native code that is cut off in the middle takes the whole
 * process down, so a thread is terminated only where it does not answer any more.
 */
const RETIREMENT_MS = 5000;

/** Worker threads in Node. */
export const workerHost: WorkerHost = {
  spawn: () => portOf(new Worker(new URL('./worker.node.js', import.meta.url), { name: '@umt/data' })),
  warn: (message) => process.emitWarning(message, { code: 'UMT_DATA_WORKER' }),
};

/** The pool's side of a worker thread that serves clips. */
export function portOf(worker: Worker): WorkerPort {
  const exit = new Promise<void>((resolve) => void worker.once('exit', () => resolve()));
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    listen(onMessage, onDeath) {
      worker.on('message', (message: FromWorker) => onMessage(message));
      worker.on('messageerror', () => onDeath('it sent a message that cannot be read'));
      worker.on('error', (error) => onDeath(error instanceof Error ? error.message : String(error)));
      worker.on('exit', (code) => onDeath(`it ended with exit code ${code}`));
    },
    hold: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    async end() {
      worker.ref();
      worker.postMessage({ type: 'close' } satisfies ToWorker);
      const timer = setTimeout(() => void worker.terminate(), RETIREMENT_MS);
      await exit;
      clearTimeout(timer);
    },
  };
}
