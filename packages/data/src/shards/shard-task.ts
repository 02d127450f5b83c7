import { isUnreadable } from '../data-error.ts';
import type { VideoEntry } from '../manifest.ts';
import { checkShard, type BrokenPart, type ShardCheckSurroundings, type ShardToCheck } from './check-shard.ts';
import { checkVideo } from './check-video.ts';
import type { BadVideo } from '../quarantine.ts';
import type { ResolvedChoices } from './pack-options.ts';
import type { PackedSample } from './pack-sample.ts';
import { packVideo, SampleTooLargeError, type PackableVideo } from './pack-video.ts';

/** A piece of work for a thread. */
export type ShardTask =
  | { readonly type: 'pack'; readonly entry: VideoEntry; readonly key: string; readonly choices: ResolvedChoices }
  | { readonly type: 'check-video'; readonly entry: VideoEntry }
  | ({ readonly type: 'check-shard' } & ShardToCheck);

/** What comes of a piece of work, by its type. */
export interface ShardTaskResults {
  readonly pack: { readonly packed: PackedSample } | { readonly broken: BadVideo };
  readonly 'check-video': { readonly frames: number; readonly broken: BadVideo | null };
  readonly 'check-shard': readonly BrokenPart[];
}

/** Does a piece of work. */
export type RunShardTask = <K extends ShardTask['type']>(
  task: Extract<ShardTask, { readonly type: K }>,
) => Promise<ShardTaskResults[K]>;

/** What the work is done with. */
export interface ShardTaskSurroundings extends ShardCheckSurroundings {
  /** How videos are opened. */
  open(entry: VideoEntry): Promise<PackableVideo>;
}

/** Does a piece of work in this thread. Throws what is wrong with the program or the machine, not with a video. */
export async function runShardTask(
  task: ShardTask,
  surroundings: ShardTaskSurroundings,
): Promise<ShardTaskResults[ShardTask['type']]> {
  switch (task.type) {
    case 'check-video':
      return checkVideo(task.entry, surroundings);
    case 'check-shard':
      return checkShard(task, surroundings);
    case 'pack':
      try {
        return { packed: await packVideo(task.entry, { ...surroundings, key: task.key, choices: task.choices }) };
      } catch (error) {
        return { broken: brokenVideo(task.entry, error) };
      }
  }
}

/** What is said of a video that cannot be used. @throws the error, where it is no fault of the video */
function brokenVideo({ path }: VideoEntry, error: unknown): BadVideo {
  if (error instanceof SampleTooLargeError) return { path, kind: 'too-large', message: error.message };
  if (isUnreadable(error)) return { path, kind: error.kind, message: error.message };
  throw error;
}
