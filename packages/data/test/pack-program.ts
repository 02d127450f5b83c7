// Packs a folder of videos in a process of its own and prints each event. Bundled by pack-threads.ts.
import { listVideos, packShards } from '../src/index.node.ts';

const [folder = '', output = '', workers = '0'] = process.argv.slice(2);
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
process.on('worker', () => say({ type: 'thread' }));
const summary = await packShards({
  ...{ entries: await listVideos(folder), output, workers: Number(workers) },
  ...{ frames: 3, shortSide: 40, shardBytes: 20_000, maxBrokenShare: 0.2 },
  onEvent: say,
});
say({ ...summary, type: 'result' });
