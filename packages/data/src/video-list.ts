import { DataError } from './data-error.ts';
import type { VideoEntry } from './manifest.ts';

/** Videos by number that need not be in memory at once, such as a shard set's. */
export interface VideoList {
  readonly length: number;
  /** How many of the videos are no repeats of others. Default all. */
  readonly distinctLength?: number;
  /**
   * How many neighbours lie together, in the order of the list, where reading some of them makes the others cheap (the
   * samples of one shard). A shuffle then mixes a few such groups at a time.
   */
  readonly groups?: readonly number[];
  /** One video. Rejects with a VideoError where it cannot be told which it is, with a DataError outside the list. */
  entryAt(index: number): Promise<VideoEntry>;
  /** What messages call a video whose entry cannot be read. */
  nameAt(index: number): string;
}

/** Videos: all in memory, or by number. */
export type Videos = readonly VideoEntry[] | VideoList;

/** Videos by number. */
export function videoListOf(videos: Videos): VideoList {
  if ('entryAt' in videos) return videos;
  return {
    length: videos.length,
    entryAt: (index) => {
      const entry = videos[index];
      if (entry !== undefined) return Promise.resolve(entry);
      return Promise.reject(new DataError(`there is no sample ${index}: the data set has ${videos.length}`));
    },
    nameAt: (index) => videos[index]?.path ?? `sample ${index}`,
  };
}

/** The entries of a list, for lists that are short. Rejects as `entryAt` does. */
export async function entriesOf(videos: Videos): Promise<readonly VideoEntry[]> {
  if (!('entryAt' in videos)) return videos;
  return Promise.all(Array.from({ length: videos.length }, (_, index) => videos.entryAt(index)));
}

/**
 * Some videos of a list, in the order of their indices.
 *
 * @param indices rising
 */
export function pickVideos(videos: readonly VideoEntry[], indices: readonly number[]): readonly VideoEntry[];
export function pickVideos(videos: Videos, indices: readonly number[]): Videos;
export function pickVideos(videos: Videos, indices: readonly number[]): Videos {
  if (!('entryAt' in videos)) return indices.flatMap((index) => videos[index] ?? []);
  return mapped(videos, indices.length, (index) => indices[index] ?? videos.length);
}

/**
 * A list without some of its videos.
 *
 * @param indices rising
 */
export function withoutVideos(videos: readonly VideoEntry[], indices: readonly number[]): readonly VideoEntry[];
export function withoutVideos(videos: Videos, indices: readonly number[]): Videos;
export function withoutVideos(videos: Videos, indices: readonly number[]): Videos {
  if (!('entryAt' in videos)) {
    const left = new Set(indices);
    return videos.filter((_, index) => !left.has(index));
  }
  const { groups } = videos;
  let first = 0;
  const remaining = groups?.map((count) => {
    const end = first + count;
    const gone = indices.filter((index) => index >= first && index < end).length;
    first = end;
    return count - gone;
  });
  return mapped(videos, videos.length - indices.length, (index) => skip(indices, index), remaining);
}

/** A list several times over. */
export function repeatVideos(videos: Videos, times: number): Videos {
  if (!('entryAt' in videos)) return Array.from({ length: times }, () => videos).flat();
  const groups = videos.groups && Array.from({ length: times }, () => videos.groups ?? []).flat();
  const { distinctLength = videos.length } = videos;
  return { ...mapped(videos, videos.length * times, (index) => index % videos.length, groups), distinctLength };
}

function mapped(
  videos: VideoList,
  length: number,
  indexOf: (index: number) => number,
  groups?: readonly number[],
): VideoList {
  return {
    length,
    ...(groups === undefined ? {} : { groups }),
    entryAt: (index) => videos.entryAt(indexOf(index)),
    nameAt: (index) => videos.nameAt(indexOf(index)),
  };
}

/** The number in the whole list of the index-th video that is left where some are gone (rising). */
function skip(gone: readonly number[], index: number): number {
  let low = 0;
  let high = gone.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    // As many as `middle` are gone before gone[middle]; it is passed when enough are left before it.
    if ((gone[middle] ?? 0) - middle <= index) low = middle + 1;
    else high = middle;
  }
  return index + low;
}
