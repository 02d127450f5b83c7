import type { Picture, Video } from '@umt/video';

/** What a clip is made from: an open video, or one that is held decoded. */
export type ClipVideo = Pick<Video, 'frameCount' | 'width' | 'height' | 'close'> & {
  /** Decodes frames, in the order asked. */
  frames(indices: readonly number[]): AsyncIterable<Picture>;
};

/**
 * Decoded videos up to a number of bytes. What is in stays in: epochs visit every video once, in new orders, and a cache
 * that evicted the least recently used one would hold little of what comes next.
 */
export class VideoCache {
  readonly #videos = new Map<string, ClipVideo>();
  #freeBytes: number;

  constructor(maxBytes: number) {
    this.#freeBytes = maxBytes;
  }

  /** The decoded video of a path, if it is held. */
  get(path: string): ClipVideo | undefined {
    return this.#videos.get(path);
  }

  /**
   * Decodes a video whole and holds it, if there is room. Closes the open one when it does.
   *
   * @returns the video to read from: the decoded one, or the open one where there is no room
   */
  async admit(path: string, video: ClipVideo): Promise<ClipVideo> {
    // Luma and two chroma planes of a quarter; the true size is counted below.
    const expectedBytes = video.frameCount * video.width * video.height * 1.5;
    if (expectedBytes > this.#freeBytes) return video;
    const pictures: Picture[] = [];
    for await (const picture of video.frames(Array.from({ length: video.frameCount }, (_, i) => i)))
      pictures.push(picture);
    await video.close();
    const decoded = heldVideo(video, pictures);
    const bytes = pictures.reduce((sum, { planes }) => planes.reduce((s, { data }) => s + data.byteLength, sum), 0);
    if (bytes <= this.#freeBytes) {
      this.#freeBytes -= bytes;
      this.#videos.set(path, decoded);
    }
    return decoded;
  }
}

function heldVideo({ frameCount, width, height }: ClipVideo, pictures: readonly Picture[]): ClipVideo {
  return {
    frameCount,
    width,
    height,
    async *frames(indices) {
      for (const index of indices) {
        const picture = pictures[index];
        if (picture !== undefined) yield picture;
      }
    },
    close: () => Promise.resolve(),
  };
}
