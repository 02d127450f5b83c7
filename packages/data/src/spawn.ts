import type { WorkerPort } from './worker-pool.ts';

/** Starts a module worker in a browser. Bundlers know this form and build the worker beside the page. */
export function spawnWorker(): WorkerPort {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: '@umt/data' });
  return {
    post: (message) => worker.postMessage(message),
    listen(onMessage, onDeath) {
      worker.onmessage = ({ data }) => onMessage(data);
      worker.onerror = (event) => onDeath(event.message || 'its script could not be loaded');
      worker.onmessageerror = () => onDeath('it sent a message that cannot be read');
    },
    hold: () => undefined,
    end: () => Promise.resolve(worker.terminate()),
  };
}
