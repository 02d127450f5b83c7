// Run by resources.test.ts in a process of its own: opens good and broken videos over and over, and reports what is left.
import { readdirSync, readFileSync } from 'node:fs';
import { openVideo, VideoError } from '../src/index.node.ts';

const [folder = '', opens = '500'] = process.argv.slice(2);
const files = readdirSync(folder).map((file) => `${folder}/${file}`);
let unhandled = 0;
process.on('unhandledRejection', () => unhandled++);

async function openAll(times: number): Promise<{ readonly good: number; readonly bad: number }> {
  let good = 0;
  for (let i = 0; i < times; i++) {
    const path = files[i % files.length] ?? '';
    try {
      const video = await openVideo(i % 8 === 0 ? readFileSync(path) : path);
      for await (const _ of video.frames([0, video.frameCount - 1])) good += 0;
      // Some callers stop early.
      if (i % 5 === 0) for await (const _ of video.frames([...video.frameTimestamps.keys()])) break;
      await video.close();
      good++;
    } catch (error) {
      if (!(error instanceof VideoError)) throw error;
    }
  }
  return { good, bad: times - good };
}

async function memory(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return process.memoryUsage().rss / 2 ** 20;
}

const descriptors = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);

await openAll(Math.max(200, files.length * 2));
const before = { memory: await memory(), descriptors: descriptors() };
const counts = await openAll(Number(opens));
const after = { memory: await memory(), descriptors: descriptors() };
console.log(JSON.stringify({ before, after, ...counts, unhandled }));
