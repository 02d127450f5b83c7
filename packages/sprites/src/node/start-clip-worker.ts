import { Worker } from 'node:worker_threads';
import type { ClipWorkerData } from '../clip-worker.node.ts';

/** Writes clips in a thread; resolves once it has ended, rejects where it failed. */
export function startClipWorker(data: ClipWorkerData, onWritten: () => void): Promise<void> {
  // beside this module once it is built
  const worker = new Worker(new URL('./clip-worker.node.js', import.meta.url), {
    name: '@umt/sprites',
    workerData: data,
  });
  return new Promise((resolve, reject) => {
    worker.on('message', onWritten);
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a thread that writes clips ended with exit code ${code}`));
    });
  });
}
