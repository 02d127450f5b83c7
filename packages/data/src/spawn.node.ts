import { Worker } from 'node:worker_threads';
import type { FromWorker } from './worker-protocol.ts';
import type { WorkerPort } from './worker-pool.ts';

/** Starts a worker thread in Node. */
export function spawnWorker(): WorkerPort {
  const worker = new Worker(new URL('./worker.node.js', import.meta.url), { name: '@umt/data' });
  return {
    post: (message) => worker.postMessage(message),
    listen(onMessage, onDeath) {
      worker.on('message', (message: FromWorker) => onMessage(message));
      worker.on('messageerror', () => onDeath('it sent a message that cannot be read'));
      worker.on('error', (error) => onDeath(error instanceof Error ? error.message : String(error)));
      worker.on('exit', (code) => onDeath(`it ended with exit code ${code}`));
    },
    hold: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    terminate: async () => void (await worker.terminate()),
  };
}
