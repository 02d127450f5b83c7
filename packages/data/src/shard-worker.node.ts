import { VideoError } from '@umt/video';
import { DataError } from './data-error.ts';
import { nodeSurroundings, type ThreadAnswer, type ThreadTask } from './shards/node/shard-tasks.ts';
import { runShardTask } from './shards/shard-task.ts';

/** What a thread of packing and checking does with a piece of work. Never throws: errors are told as plain data. */
export async function work({ task, stop }: ThreadTask): Promise<ThreadAnswer> {
  const checkStop = () => {
    if (Atomics.load(stop, 0) !== 0) throw new Error('left off');
  };
  try {
    checkStop();
    return { value: await runShardTask(task, { ...nodeSurroundings, checkStop }) };
  } catch (error) {
    const isKnown = error instanceof DataError || error instanceof VideoError;
    return { failure: error instanceof Error ? error.message : String(error), isKnown };
  }
}
