// Runs the built package in a process of its own: node run-workers.mjs <mode> <workers> <folder of clips>
import { createHash } from 'node:crypto';
import { createVideoClipLoader, listVideos } from '../dist/index.node.js';

const [mode, workers, folder] = process.argv.slice(2);
const threads = [];
process.on('worker', (worker) => threads.push(worker));

const loader = createVideoClipLoader({
  entries: await listVideos(folder ?? ''),
  seed: 7,
  clip: { frames: 4, size: 32, copies: 2 },
  batchSize: 4,
  workers: Number(workers),
  prefetch: mode === 'idle' ? 0 : 2,
});

if (mode === 'idle') {
  // Nothing is closed; idle workers must not keep the process alive.
  await loader.batches(0).next();
} else {
  /** @type {string[]} */
  const warnings = [];
  process.on('warning', ({ code }) => warnings.push(code));
  const hash = createHash('sha256');
  for await (const { video, paths } of loader.batches(1)) {
    hash.update(video).update(paths.join());
    if (mode === 'kill' && threads.length === Number(workers)) await threads[0]?.terminate();
  }
  await loader.close();
  console.log(JSON.stringify({ threads: threads.length, warnings, digest: hash.digest('hex') }));
}
