import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createVideoClipLoader, openShardSet } from '@umt/data';
import { writeShards, type SmallSet } from './shard-writer.ts';

/** Memory while clips are read, in MB. */
export interface MemoryTrend {
  readonly clips: number;
  readonly seconds: number;
  /** Resident set at each sixteenth of the run, after a collection. */
  readonly residentMB: readonly number[];
  /** Heap and array buffers at the same places. */
  readonly usedMB: readonly number[];
  /** Mean resident set of the last quarter, less that of the second: over half the clips. */
  readonly growthMB: number;
}

const MB = 2 ** 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Reads `clips` clips from a set of 100 small samples in ten shards, epoch after epoch, in this thread. */
export async function memoryTrend(folder: string, encoding: SmallSet['encoding'], clips: number): Promise<MemoryTrend> {
  await writeShards(folder, { encoding, counts: new Array<number>(10).fill(10), frames: 10, width: 64, height: 48 });
  const loader = createVideoClipLoader({
    entries: await openShardSet(folder),
    seed: 1,
    clip: { frames: 8, size: 32 },
    batchSize: 10,
    shuffleWindow: 3,
  });
  const resident: number[] = [];
  const used: number[] = [];
  const start = performance.now();
  let done = 0;
  for (let epoch = 0; done < clips; epoch++) {
    for await (const { indices } of loader.batches(epoch)) {
      done += indices.length;
      if (done % Math.ceil(clips / 16) < indices.length) {
        collect();
        const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
        resident.push(rss / MB);
        used.push((heapUsed + arrayBuffers) / MB);
      }
      if (done >= clips) break;
    }
  }
  await loader.close();
  return {
    clips: done,
    seconds: (performance.now() - start) / 1000,
    residentMB: resident.map(Math.round),
    usedMB: used.map(Math.round),
    growthMB: Math.round(mean(resident.slice(12, 16)) - mean(resident.slice(4, 8))),
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
