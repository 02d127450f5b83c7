import { openVideo } from '@umt/video';
import type { ClipOptions } from './clip-options.ts';
import type { VideoEntry } from './manifest.ts';
import type { OpenShardSet } from './shards/open-shard-set.ts';
import type { ShardSet } from './shards/shard-set.ts';
import type { ClipVideo } from './video-cache.ts';

/** Opens a video of a data set. Rejects with a VideoError when it cannot be read. */
export type OpenEntry = (entry: VideoEntry) => Promise<ClipVideo>;

/** Opens files and addresses with `openVideo`, and packed videos in their shard sets, each of which is opened once. */
export function entryOpener({ decoder }: Pick<ClipOptions, 'decoder'>, openShardSet: OpenShardSet): OpenEntry {
  const decoding = decoder === undefined ? {} : { decoder };
  const sets = new Map<string, Promise<ShardSet>>();
  const setAt = (place: string): Promise<ShardSet> => {
    const known = sets.get(place);
    if (known !== undefined) return known;
    const opening = openShardSet(place);
    sets.set(place, opening);
    // What could not be opened may be there the next time.
    opening.catch(() => sets.delete(place));
    return opening;
  };
  return async ({ path, source, shard }) => {
    if (shard === undefined) return openVideo(source ?? path, { name: path, ...decoding });
    return (await setAt(shard.set)).open(shard.sample, decoding);
  };
}
