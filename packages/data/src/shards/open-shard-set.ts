import { DataError } from '../data-error.ts';
import { httpStore } from './http-store.ts';
import { openShardSetIn, type ShardSet } from './shard-set.ts';
import type { ShardStore } from './shard-store.ts';

/** Opens a shard set. */
export type OpenShardSet = (place: string | ShardStore) => Promise<ShardSet>;

/** Whether a place is an http(s) address. */
export const isHttp = (place: string): boolean => /^https?:\/\//i.test(place);

/** The place without the name of the index, which leads to the set as well. */
export const withoutIndexName = (place: string): string => place.replace(/[/\\]index\.json$/, '');

/** Opens a shard set in a browser, from its address. See the declaration in the index for the contract. */
export const openShardSet: OpenShardSet = (place) => {
  if (typeof place !== 'string') return openShardSetIn(place);
  if (isHttp(place)) return openShardSetIn(httpStore(withoutIndexName(place)), place);
  return Promise.reject(
    new DataError(`${place}: browsers read shard sets from http(s) addresses only: give one, or a store`),
  );
};
