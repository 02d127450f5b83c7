import { checkInteger, DataError } from '../data-error.ts';
import type { FrameEncoding } from './format.ts';

/** What becomes of each video. Plain data: the same videos and the same choices give the same bytes. */
export interface FrameChoices {
  /** Default `jpeg`. */
  readonly encoding?: FrameEncoding;
  /** What the shorter side of frames is reduced to, in pixels; smaller videos keep their size. Default 256. */
  readonly shortSide?: number;
  /** Of JPEG files, as FFmpeg's `-q:v`: 1 is the best, 31 the smallest. Default 2. */
  readonly quality?: number;
  /** At most so many frames of a video, uniformly spaced. Default all. */
  readonly frames?: number;
  /** Frames per second that are kept, where a video has more. Default all. */
  readonly fps?: number;
}

/** What a shard set is made with. */
export interface ShardChoices extends FrameChoices {
  /** What the files of the set begin with. Default `shard`. */
  readonly name?: string;
  /** Largest size of a tar file in bytes; a single larger sample has one for itself. Default 256 MB. */
  readonly shardBytes?: number;
}

/** Choices with what was left out filled in; null stands for all frames. */
export interface ResolvedChoices {
  readonly encoding: FrameEncoding;
  readonly shortSide: number;
  readonly quality: number;
  readonly frames: number | null;
  readonly fps: number | null;
  readonly name: string;
  readonly shardBytes: number;
}

const DEFAULT_SHARD_BYTES = 256_000_000;

/** @throws DataError naming the choice that is wrong */
export function resolveChoices(choices: ShardChoices): ResolvedChoices {
  const { encoding = 'jpeg', shortSide = 256, quality = 2, frames = null, fps = null } = choices;
  const { name = 'shard', shardBytes = DEFAULT_SHARD_BYTES } = choices;
  if (encoding !== 'jpeg' && encoding !== 'rgb') {
    throw new DataError(`encoding must be jpeg or rgb, got ${JSON.stringify(encoding)}`);
  }
  checkInteger('shortSide', shortSide, 1);
  checkInteger('quality', quality, 1, 31);
  if (frames !== null) checkInteger('frames', frames, 1);
  if (fps !== null && !(Number.isFinite(fps) && fps > 0)) throw new DataError(`fps must be above 0, got ${fps}`);
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}$/.test(name)) {
    throw new DataError(
      `name must be of at most 60 letters, digits, dots, dashes and underscores, got ${JSON.stringify(name)}`,
    );
  }
  checkInteger('shardBytes', shardBytes, 1);
  return { encoding, shortSide, quality, frames, fps, name, shardBytes };
}
