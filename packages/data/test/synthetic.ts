import { rgbPicture, VideoError, type Picture } from '@umt/video';
import type { VideoEntry } from '@umt/data';
import type { ClipVideo } from '../src/video-cache.ts';

/** What happened to a synthetic video. */
export interface Usage {
  opened: number;
  closed: number;
  decoded: number[];
}

/**
 * Pixel of frame t of a synthetic video: smooth in x and y, so that resizing changes little, and different in every frame
 * and channel.
 */
function pixel(t: number, x: number, y: number, channel: number): number {
  return Math.round(128 + 60 * Math.sin(x / 23 + channel) + 50 * Math.sin(y / 17 - channel + t));
}

export function frame(t: number, width: number, height: number): Picture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++, i++) data[i] = pixel(t, x, y, channel);
  }
  return rgbPicture(data, width, height);
}

/** Opens videos of `frameCount` synthetic frames; paths that begin with `bad` cannot be opened. */
export function synthetic(frameCount: number, width = 80, height = 60) {
  const usage: Usage = { opened: 0, closed: 0, decoded: [] };
  const open = async ({ path }: VideoEntry): Promise<ClipVideo> => {
    if (path.startsWith('bad')) throw new VideoError('not-video', `"${path}" is no video`);
    usage.opened++;
    return {
      frameCount,
      width,
      height,
      async *frames(indices) {
        for (const index of indices) {
          usage.decoded.push(index);
          yield frame(index, width, height);
        }
      },
      close: async () => void usage.closed++,
    };
  };
  return { open, usage };
}
