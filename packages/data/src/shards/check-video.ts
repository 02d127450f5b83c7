import { isUnreadable } from '../data-error.ts';
import type { VideoEntry } from '../manifest.ts';
import type { BadVideo } from '../quarantine.ts';
import type { ShardTaskResults, ShardTaskSurroundings } from './shard-task.ts';

/** Decodes every frame of a video. Frames for which others stand in make it broken, of kind `damaged`. */
export async function checkVideo(
  entry: VideoEntry,
  { open, checkStop }: ShardTaskSurroundings,
): Promise<ShardTaskResults['check-video']> {
  const { path } = entry;
  let frames = 0;
  const found = (broken: BadVideo | null) => ({ frames, broken });
  try {
    const video = await open(entry);
    try {
      const substitutes: number[] = [];
      const all = Array.from({ length: video.frameCount }, (_, i) => i);
      for await (const picture of video.frames(all)) {
        checkStop();
        if ('isSubstitute' in picture && picture.isSubstitute === true) substitutes.push(frames);
        frames++;
      }
      const bad = substitutes.length + video.frameCount - frames;
      if (bad === 0) return found(null);
      const first = substitutes[0] ?? frames;
      const message = `${path}: ${bad} of ${video.frameCount} frames cannot be decoded, the first is ${first}`;
      return found({ path, kind: 'damaged', message });
    } finally {
      await video.close();
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return found({ path, kind: error.kind, message: error.message });
  }
}
