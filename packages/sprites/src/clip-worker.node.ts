import { parentPort, workerData } from 'node:worker_threads';
import { workThrough, type ClipWork } from './node/clip-work.ts';

/** What a thread that writes clips is given. */
export interface ClipWorkerData {
  readonly work: ClipWork;
  readonly thread: number;
}

const port = parentPort;
if (port === null) throw new Error('clip-worker.node.js is started by @umt/sprites, not run by itself');

const { work, thread } = workerData as ClipWorkerData;
await workThrough(work, thread, () => port.postMessage('written'));
