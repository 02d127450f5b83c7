import { DataError } from '../data-error.ts';
import type { VideoEntry } from '../manifest.ts';
import type { BadVideo } from '../quarantine.ts';
import type { ShardFile } from './format.ts';
import type { ShardChoices } from './pack-options.ts';

/** What is packed, and where to. */
export interface PackShardsOptions extends ShardChoices {
  /** The videos, in the order of their samples. */
  readonly entries: readonly VideoEntry[];
  /** What their class numbers are called; goes into the index. */
  readonly classes?: readonly string[];
  /** Folder of the set: empty, not there yet, or one in which the same packing was begun. */
  readonly output: string;
  /** Threads that decode; 0 decodes in this one. Default one for each core. */
  readonly workers?: number;
  /** Share of the videos that may be broken; one may be unless it is 0. Default 0.01. */
  readonly maxBrokenShare?: number;
  /** Leaves off: the promise is rejected with the signal's reason, and what was packed can be gone on with. */
  readonly signal?: AbortSignal;
  /** Hears how it goes on. */
  readonly onEvent?: (event: PackEvent) => void;
}

/** How packing goes on. */
export type PackEvent =
  /** A complete shard of before is compared with its checksum. */
  | { readonly type: 'check'; readonly shard: ShardFile }
  /** Complete shards of before are kept; the next video is number `done`. */
  | { readonly type: 'resume'; readonly shards: number; readonly done: number; readonly total: number }
  /** A video is done: packed or broken. */
  | {
      readonly type: 'progress';
      /** Of the list. */
      readonly done: number;
      readonly total: number;
      readonly broken: number;
      /** Written since the start of this call. */
      readonly bytes: number;
    }
  /** A video cannot be packed. */
  | ({ readonly type: 'broken' } & BadVideo)
  /** A shard is complete. */
  | { readonly type: 'shard'; readonly shard: ShardFile };

/** A shard set that is complete. */
export interface PackSummary {
  readonly output: string;
  readonly samples: number;
  readonly frames: number;
  readonly shards: number;
  /** Of the tar files. */
  readonly bytes: number;
  /** Videos that were left out; `broken.jsonl` names them. */
  readonly broken: number;
  /** Whether it was complete before. */
  readonly wasComplete: boolean;
}

/** Packs videos into a shard set. */
export type PackShards = (options: PackShardsOptions) => Promise<PackSummary>;

/**
 * Packs videos into a shard set, in Node: tar files of short-side-resized frames in the WebDataset convention, with side
 * files, `index.json`, `broken.jsonl` and `pack.json`. The same videos and choices give the same bytes, whatever the number of threads and
 * however often it was left off. Called again on a folder where it ended in any way, it keeps the shards that are whole and
 * goes on.
 *
 * @throws DataError naming the option that is wrong; ShardError when the folder holds something else or cannot be written,
 *   or was begun with other options; UnreadableSamplesError when too many videos are broken
 */
export const packShards: PackShards = ({ output }) =>
  Promise.reject(new DataError(`${output}: browsers have no folders: shards are packed in Node`));
