import { fileStore } from './file-store.node.ts';
import { isHttp, openShardSet as openInBrowser, withoutIndexName, type OpenShardSet } from './open-shard-set.ts';
import { openShardSetIn } from './shard-set.ts';

/** Opens a shard set in Node, from a folder, a `file:` address, an http(s) address or a store. */
export const openShardSet: OpenShardSet = (place) =>
  typeof place !== 'string' || isHttp(place)
    ? openInBrowser(place)
    : openShardSetIn(fileStore(withoutIndexName(place)), place);
