import { labelsOf, videoListOf, type ShardSet, type VideoEntry, type Videos } from '@umt/data';
import { VideoError } from '@umt/video';

/** Videos with class numbers, and what the classes are called. */
export interface ClassVideos {
  readonly entries: readonly VideoEntry[] | ShardSet;
  readonly classes: readonly string[];
}

/** Class numbers of every video that can be read: one after the other, for a shard set need not fit in memory. */
export async function labelSetsOf(entries: Videos): Promise<readonly (readonly number[])[]> {
  const videos = videoListOf(entries);
  const sets: (readonly number[])[] = [];
  for (let index = 0; index < videos.length; index++) {
    const entry = await videos.entryAt(index).catch((error: unknown) => {
      if (error instanceof VideoError) return undefined;
      throw error;
    });
    if (entry) sets.push(labelsOf(entry));
  }
  return sets;
}
