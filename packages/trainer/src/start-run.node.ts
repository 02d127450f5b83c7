import { Worker } from 'node:worker_threads';
import type { AnyEvent, TrainingEvent } from './events.ts';
import type { FromWorker, WorkerPort } from './run-protocol.ts';
import type { RunHandle, StartRunOptions, WebWorker } from './run.ts';
import type { startRun as startRunAnywhere } from './start-run.ts';
import { superviseRun } from './supervise-run.ts';

/** How long a worker that has answered may take to end by itself: native modules do not like to be cut off. */
const RETIREMENT_MS = 3000;

/** Starts a run in a worker thread. See the browser-safe declaration for the contract. */
export const startRun: typeof startRunAnywhere = <Config, Result, Event extends AnyEvent = TrainingEvent>(
  worker: URL | WebWorker,
  config: Config,
  options: StartRunOptions<Event> = {},
): RunHandle<Result> => {
  if (!(worker instanceof URL)) throw new TypeError('startRun: in Node a run starts from the URL of its worker module');
  return superviseRun(workerThreadPort(new Worker(worker, { name: options.name ?? 'umt run' })), config, options);
};

function workerThreadPort(worker: Worker): WorkerPort {
  return {
    post: (message) => worker.postMessage(message),
    listen(onMessage, onDeath) {
      worker.on('message', (message: FromWorker) => onMessage(message));
      worker.on('messageerror', () => onDeath('it sent a message that cannot be read'));
      worker.on('error', (error) => onDeath(error instanceof Error ? error.message : String(error)));
      worker.on('exit', (code) => onDeath(`it ended with exit code ${code} and without an answer`));
    },
    retire() {
      worker.unref();
      const timer = setTimeout(() => void worker.terminate(), RETIREMENT_MS).unref();
      worker.once('exit', () => clearTimeout(timer));
    },
    terminate: async () => void (await worker.terminate()),
  };
}
