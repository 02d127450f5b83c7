import { openVideo } from '@umt/video';
import { DataError, DataWorkerError } from '../../data-error.ts';
import { fileStore } from '../file-store.node.ts';
import { httpStore } from '../http-store.ts';
import { isHttp } from '../open-shard-set.ts';
import { runShardTask, type RunShardTask, type ShardTask, type ShardTaskSurroundings } from '../shard-task.ts';

/** Does pieces of work in threads, or here. */
export interface ShardTasks {
  /** Pieces of work that are worth giving out at a time. */
  readonly limit: number;
  readonly run: RunShardTask;
  /** Ends the threads. What is being worked on is left off, and waited for. */
  close(): Promise<void>;
}

/** What a thread gets. */
export interface ThreadTask {
  readonly task: ShardTask;
  /** Not 0: leave off. */
  readonly stop: Int32Array;
}

/** What a thread answers. Classes of errors do not pass between threads. */
export type ThreadAnswer = { readonly value: unknown } | { readonly failure: string; readonly isKnown: boolean };

/** What the work is done with in Node. */
export const nodeSurroundings: Omit<ShardTaskSurroundings, 'checkStop'> = {
  open: ({ path, source }) => openVideo(source ?? path, { name: path }),
  openStore: (place) => (isHttp(place) ? httpStore(place) : fileStore(place)),
};

/**
 * Makes what does the work.
 *
 * @param workers threads; 0 does it in this one
 * @param signal leaves off what is being worked on
 */
export async function openShardTasks(workers: number, signal: AbortSignal | undefined): Promise<ShardTasks> {
  return workers === 0 ? tasksHere(nodeSurroundings, signal) : tasksInThreads(workers, signal);
}

/** Does the work in this thread, a piece at a time. */
export function tasksHere(
  surroundings: Omit<ShardTaskSurroundings, 'checkStop'>,
  signal: AbortSignal | undefined,
): ShardTasks {
  const checkStop = () => signal?.throwIfAborted();
  return {
    limit: 1,
    // What comes of a task is by its type.
    run: ((task: ShardTask) => runShardTask(task, { ...surroundings, checkStop })) as RunShardTask,
    close: () => Promise.resolve(),
  };
}

async function tasksInThreads(workers: number, signal: AbortSignal | undefined): Promise<ShardTasks> {
  const { Tinypool } = await import('tinypool');
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const leaveOff = () => void Atomics.store(stop, 0, 1);
  if (signal?.aborted === true) leaveOff();
  signal?.addEventListener('abort', leaveOff);
  const pool = new Tinypool({
    filename: new URL('./shard-worker.node.js', import.meta.url).href,
    name: 'work',
    minThreads: workers,
    maxThreads: workers,
    isolateWorkers: false,
    // A decoder's native code must not be cut off; the flag ends it between two frames.
    terminateTimeout: 60_000,
  });
  const running = new Set<Promise<unknown>>();
  const run = async (task: ShardTask): Promise<unknown> => {
    const answer = (pool.run({ task, stop } satisfies ThreadTask) as Promise<ThreadAnswer>).catch((cause: unknown) => {
      const { message } = cause instanceof Error ? cause : { message: String(cause) };
      throw new DataWorkerError(`a thread that reads videos died: ${message}`, { cause });
    });
    running.add(answer);
    const found = await answer.finally(() => running.delete(answer));
    if ('value' in found) return found.value;
    throw found.isKnown ? new DataError(found.failure) : new DataWorkerError(`a thread failed: ${found.failure}`);
  };
  return {
    // A second one for each thread: none waits while results are taken.
    limit: 2 * workers,
    run: run as RunShardTask,
    async close() {
      leaveOff();
      signal?.removeEventListener('abort', leaveOff);
      await Promise.allSettled(running);
      await pool.destroy();
    },
  };
}
