import type { AnyEvent, TrainingEvent } from './events.ts';
import type { FromWorker, WorkerPort } from './run-protocol.ts';
import type { RunHandle, StartRunOptions, WebWorker } from './run.ts';
import { superviseRun } from './supervise-run.ts';

/** How long a worker that has answered may take to end by itself. */
const RETIREMENT_MS = 3000;

/**
 * Starts a run in a worker, so that this thread keeps drawing and listening: worker threads in Node, Web Workers in
 * browsers. The worker's module calls `serveRun`.
 *
 * @param worker the module's address. In browsers also a Worker, because bundlers know only the form
 *   `new Worker(new URL('./my-worker.js', import.meta.url), { type: 'module' })`
 * @param config handed to the worker's function as a structured clone
 */
export function startRun<Config, Result, Event extends AnyEvent = TrainingEvent>(
  worker: URL | WebWorker,
  config: Config,
  options: StartRunOptions<Event> = {},
): RunHandle<Result> {
  const { name = 'umt run' } = options;
  const started = worker instanceof URL ? new Worker(worker, { type: 'module', name }) : (worker as Worker);
  return superviseRun(webWorkerPort(started), config, options);
}

function webWorkerPort(worker: Worker): WorkerPort {
  return {
    post: (message) => worker.postMessage(message),
    listen(onMessage, onDeath) {
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (data.type === 'ready' && data.lock !== null) void watchLock(data.lock, onDeath);
        onMessage(data);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        onDeath(event.message || 'its script could not be loaded');
      };
      worker.onmessageerror = () => onDeath('it sent a message that cannot be read');
    },
    retire: () => setTimeout(() => worker.terminate(), RETIREMENT_MS),
    terminate: () => Promise.resolve(worker.terminate()),
  };
}

/** Web Workers have no exit event. The lock that a worker holds becomes free when it ends, whatever ended it. */
async function watchLock(lock: string, onDeath: (reason: string) => void): Promise<void> {
  await navigator.locks.request(lock, () => onDeath('it ended without an answer (out of memory, or closed)'));
}
