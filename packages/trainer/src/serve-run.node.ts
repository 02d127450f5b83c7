import { parentPort } from 'node:worker_threads';
import { answerRun } from './answer-run.ts';
import type { ToWorker } from './run-protocol.ts';
import type { serveRun as serveRunAnywhere } from './serve-run.ts';

/** Serves a run in a worker thread. See the browser-safe declaration for the contract. */
export const serveRun: typeof serveRunAnywhere = (run) => {
  const port = parentPort;
  if (!port) throw new Error('serveRun: this is no worker; start this module with startRun');
  answerRun(
    {
      post: (message) => port.postMessage(message),
      listen: (onMessage) => void port.on('message', (message: ToWorker) => onMessage(message)),
      close: () => port.close(),
    },
    run,
  );
};
