import { availableParallelism } from 'node:os';
import { checkInteger, DataError } from '../../data-error.ts';
import { inOrder } from '../../in-order.ts';
import type { BrokenPart } from '../check-shard.ts';
import type { BadVideo } from '../../quarantine.ts';
import { openShardSetIn } from '../shard-set.ts';
import type { VerifyOptions, VerifyShards, VerifyVideos } from '../verify.ts';
import { nodeSurroundings, openShardTasks, type ShardTasks } from './shard-tasks.ts';

/** Checks videos. See the browser-safe declaration for the contract. */
export const verifyVideos: VerifyVideos = async (options) => {
  const { entries } = options;
  if (entries.length === 0) throw new DataError('there is no video to check');
  let frames = 0;
  const broken = await checkAll<(typeof entries)[number], BadVideo>(entries, options, async (tasks, entry) => {
    const found = await tasks.run({ type: 'check-video', entry });
    frames += found.frames;
    return found.broken === null ? [] : [found.broken];
  });
  return { videos: entries.length, frames, broken };
};

/** Checks a shard set. See the browser-safe declaration for the contract. */
export const verifyShards: VerifyShards = async (options) => {
  const { place } = options;
  const store = nodeSurroundings.openStore(place.replace(/[/\\]index\.json$/, ''));
  const { index } = await openShardSetIn(store);
  const { encoding, samples, frames, shards } = index;
  const broken = await checkAll<(typeof shards)[number], BrokenPart>(shards, options, (tasks, shard) =>
    tasks.run({ type: 'check-shard', place: store.name, shard, encoding }),
  );
  return { shards: shards.length, samples, frames, broken };
};

async function checkAll<T, Broken>(
  items: readonly T[],
  { workers = availableParallelism(), signal, onChecked }: VerifyOptions<Broken>,
  check: (tasks: ShardTasks, item: T) => Promise<readonly Broken[]>,
): Promise<readonly Broken[]> {
  checkInteger('workers', workers, 0);
  signal?.throwIfAborted();
  const tasks = await openShardTasks(Math.min(workers, items.length), signal);
  const broken: Broken[] = [];
  let done = 0;
  try {
    for await (const found of inOrder(items, tasks.limit, (item) => check(tasks, item))) {
      signal?.throwIfAborted();
      broken.push(...found);
      onChecked?.({ done: ++done, total: items.length }, found);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await tasks.close();
  }
  return broken;
}
