import { DataError } from '../data-error.ts';
import type { VideoEntry } from '../manifest.ts';
import type { BrokenPart } from './check-shard.ts';
import type { BadVideo } from '../quarantine.ts';

/** How checking is done. */
export interface VerifyOptions<Broken> {
  /** Threads that decode; 0 decodes in this one. Default one for each core. */
  readonly workers?: number;
  /** Leaves off: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Hears of each video or shard that was checked, in order, and what of it is broken. */
  readonly onChecked?: (progress: { readonly done: number; readonly total: number }, broken: readonly Broken[]) => void;
}

/** Which videos are checked, and how. */
export interface VerifyVideosOptions extends VerifyOptions<BadVideo> {
  readonly entries: readonly VideoEntry[];
}

/** What was found of videos. */
export interface VideosVerified {
  readonly videos: number;
  /** Frames that were decoded. */
  readonly frames: number;
  readonly broken: readonly BadVideo[];
}

/** Which shard set is checked, and how. */
export interface VerifyShardsOptions extends VerifyOptions<BrokenPart> {
  /** Folder or http(s) address of the set. */
  readonly place: string;
}

/** What was found of a shard set. */
export interface ShardsVerified {
  readonly shards: number;
  readonly samples: number;
  readonly frames: number;
  readonly broken: readonly BrokenPart[];
}

/** Checks videos. */
export type VerifyVideos = (options: VerifyVideosOptions) => Promise<VideosVerified>;

/** Checks a shard set. */
export type VerifyShards = (options: VerifyShardsOptions) => Promise<ShardsVerified>;

/**
 * Decodes every frame of every video, in Node, and says which videos are broken: those that cannot be opened or decoded, and
 * those of which single frames cannot (kind `damaged`).
 *
 * @throws DataError naming the option that is wrong
 */
export const verifyVideos: VerifyVideos = () => Promise.reject(inBrowsers());

/**
 * Checks a shard set, in Node: sizes, checksums, side files and descriptions, and that every frame can be decoded.
 *
 * @throws ShardError when there is no shard set, or its index is damaged; ShardSourceError when the source does not answer
 */
export const verifyShards: VerifyShards = () => Promise.reject(inBrowsers());

const inBrowsers = () => new DataError('videos and shards are checked in Node only');
