import { VideoError } from '@umt/video';
import type { PackShardsOptions, VideoEntry } from '@umt/data';
import { tasksHere } from '../src/shards/node/shard-tasks.ts';
import { packShardsWith } from '../src/shards/node/pack-shards.ts';
import { diskFiles, type FileLayer } from '../src/shards/node/file-layer.ts';
import { fileStore } from '../src/shards/file-store.node.ts';
import type { PackableVideo } from '../src/shards/pack-video.ts';
import { frame } from './synthetic.ts';

/**
 * Opens synthetic videos. The path says which: `<frames>x<width>x<height>@<fps>`, with anything after a slash; `bad...` cannot
 * be opened.
 */
export async function openSynthetic({ path }: VideoEntry): Promise<PackableVideo> {
  if (path.startsWith('bad')) throw new VideoError('not-video', `"${path}" is no video`);
  const [, frames = '0', w = '0', h = '0', rate = '0'] = /^(\d+)x(\d+)x(\d+)@(\d+)/.exec(path) ?? [];
  const [frameCount, width, height, fps] = [Number(frames), Number(w), Number(h), Number(rate)];
  return {
    ...{ frameCount, width, height, durationSeconds: frameCount / fps },
    frameTimestamps: Float64Array.from({ length: frameCount }, (_, i) => i / fps),
    async *frames(indices) {
      for (const index of indices) yield frame(index + path.length, width, height);
    },
    close: async () => undefined,
  };
}

/** Packs synthetic videos in this thread. */
export const packSynthetic = (options: PackShardsOptions, files: FileLayer = diskFiles) =>
  packShardsWith(
    files,
    async (_workers, signal) => tasksHere({ open: openSynthetic, openStore: fileStore }, signal),
    options,
  );
