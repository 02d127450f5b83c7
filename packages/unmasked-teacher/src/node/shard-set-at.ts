import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openShardSet, type ShardSet } from '@umt/data';

/**
 * The shard set at a place: a folder with an `index.json`, or an http(s) address that leads to one or to its index; null where
 * the place is none. An address with any other extension is taken for that of a list.
 *
 * @throws ShardError of @umt/data when the index is damaged, ShardSourceError when the source does not answer
 */
export async function shardSetAt(place: string): Promise<ShardSet | null> {
  if (/^https?:/i.test(place)) {
    const { pathname } = new URL(place);
    const isList = /\.[a-z0-9]+$/i.test(pathname) && !pathname.endsWith('/index.json');
    return isList ? null : openShardSet(place);
  }
  const index = /(^|[/\\])index\.json$/.test(place) ? place : join(place, 'index.json');
  const isSet = await stat(index).then(
    (found) => found.isFile(),
    () => false,
  );
  return isSet ? openShardSet(place) : null;
}
