import { openShardSet as open } from './shards/open-shard-set.node.ts';
import type { OpenShardSet } from './shards/open-shard-set.ts';
import { workerHost } from './spawn.node.ts';
import { viewLoaderFactory, type ViewLoader, type ViewLoaderOptions } from './view-loader.ts';
import { videoClipLoaderFactory, type VideoClipLoader, type VideoClipLoaderOptions } from './video-clip-loader.ts';

export * from './index.ts';
export { listVideos } from './list-videos.node.ts';
export { quarantineFile } from './quarantine-file.node.ts';
export { readLabeledVideos, readManifest } from './read-manifest.node.ts';
export { packShards } from './shards/node/pack-shards.ts';
export { verifyShards, verifyVideos } from './shards/node/verify.ts';

/** Batches of training clips from a list of videos. See the browser-safe declaration for the contract. */
export const createVideoClipLoader: (options: VideoClipLoaderOptions) => VideoClipLoader = videoClipLoaderFactory(
  workerHost,
  open,
);

/** All views of a list of videos for evaluation. See the browser-safe declaration for the contract. */
export const createViewLoader: (options: ViewLoaderOptions) => ViewLoader = viewLoaderFactory(workerHost, open);

/** Opens a shard set from a folder, an address or a store. See the browser-safe declaration for the contract. */
export const openShardSet: OpenShardSet = open;
