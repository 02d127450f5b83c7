import { workerHost } from './spawn.node.ts';
import { viewLoaderFactory, type ViewLoader, type ViewLoaderOptions } from './view-loader.ts';
import { videoClipLoaderFactory, type VideoClipLoader, type VideoClipLoaderOptions } from './video-clip-loader.ts';

export * from './index.ts';
export { listVideos } from './list-videos.node.ts';
export { quarantineFile } from './quarantine-file.node.ts';
export { readLabeledVideos, readManifest } from './read-manifest.node.ts';

/** Batches of training clips from a list of videos. See the browser-safe declaration for the contract. */
export const createVideoClipLoader: (options: VideoClipLoaderOptions) => VideoClipLoader =
  videoClipLoaderFactory(workerHost);

/** All views of a list of videos for evaluation. See the browser-safe declaration for the contract. */
export const createViewLoader: (options: ViewLoaderOptions) => ViewLoader = viewLoaderFactory(workerHost);
