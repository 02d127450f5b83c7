import type { WorkerHost } from './worker-pool.ts';

/** Module workers in a browser. Bundlers know this form and build the worker beside the page. */
export const workerHost: WorkerHost = {
  spawn() {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: '@umt/data' });
    return {
      post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
      listen(onMessage, onDeath) {
        worker.onmessage = ({ data }) => onMessage(data);
        worker.onerror = (event) => onDeath(event.message || 'its script could not be loaded');
        worker.onmessageerror = () => onDeath('it sent a message that cannot be read');
      },
      hold: () => undefined,
      end: () => Promise.resolve(worker.terminate()),
    };
  },
  warn: (message) => console.warn(message),
};
