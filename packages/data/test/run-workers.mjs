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
  prefetch: mode === 'whole' ? 2 : 0,
});

if (mode === 'whole') {
  const hash = createHash('sha256');
  for await (const { video, paths } of loader.batches(1)) hash.update(video).update(paths.join());
  await loader.close();
  console.log(JSON.stringify({ threads: threads.length, digest: hash.digest('hex') }));
} else {
  const iterator = loader.batches(0);
  await iterator.next();
  // 'idle': nothing is closed; idle workers must not keep the process alive.
  if (mode === 'kill') {
    await threads[0]?.terminate();
    const error = await iterator.next().catch((reason) => reason);
    console.log(JSON.stringify({ name: error.name, message: error.message }));
  }
}
