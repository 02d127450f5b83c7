import { createVideoClipLoader, openShardSet } from '@umt/data';
import { writeShards, type SmallSet } from './shard-writer.ts';

/** Memory while clips are read, in MB. */
export interface MemoryTrend {
  readonly clips: number;
  readonly seconds: number;
  /** Resident set at each sixteenth of the run. */
  readonly residentMB: readonly number[];
  /** Heap and array buffers after a collection, where `--expose-gc` is set, at the same places. */
  readonly usedMB: readonly number[];
  /** Of the resident set in the second half, by least squares, in MB for a thousand clips. */
  readonly slope: number;
}

const MB = 2 ** 20;

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
        globalThis.gc?.();
        const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
        resident.push(rss / MB);
        used.push((heapUsed + arrayBuffers) / MB);
      }
      if (done >= clips) break;
    }
  }
  await loader.close();
  const half = resident.slice(resident.length >> 1);
  return {
    clips: done,
    seconds: (performance.now() - start) / 1000,
    residentMB: resident.map(Math.round),
    usedMB: used.map(Math.round),
    slope: slopeOf(half) / (clips / 16 / 1000),
  };
}

function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
  return values.reduce((sum, value, i) => sum + (i - middle) * (value - mean), 0) / spread;
}
