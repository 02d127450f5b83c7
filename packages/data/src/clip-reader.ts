import { VideoError } from '@umt/video';
import { checkClipOptions, sampleLength, type ClipOptions } from './clip-options.ts';
import { planClips, type ClipRequest } from './clip-plan.ts';
import type { VideoEntry } from './manifest.ts';
import { entryOpener, type OpenEntry } from './open-entry.ts';
import { openShardSet } from './shards/open-shard-set.ts';
import { VideoCache, type ClipVideo } from './video-cache.ts';

/** Makes a sample: float32 [clips, T, H, W, 3], normalised. Rejects with a VideoError when the video cannot be read. */
export type LoadClip = (request: ClipRequest) => Promise<Float32Array>;

/** Opens, samples, decodes and augments: what a worker does, or the main thread without workers. */
export class ClipReader {
  readonly #options: ClipOptions;
  readonly #open: OpenEntry;
  readonly #cache: VideoCache | undefined;

  /**
   * @param open how a video is opened; default `openVideo` of @umt/video, and shard sets at http(s) addresses
   * @throws DataError naming the option that is wrong
   */
  constructor(options: ClipOptions, open: OpenEntry = entryOpener(options, openShardSet)) {
    checkClipOptions(options);
    this.#options = options;
    this.#open = open;
    this.#cache = (options.cacheBytes ?? 0) > 0 ? new VideoCache(options.cacheBytes ?? 0) : undefined;
  }

  /**
   * Makes one sample. See {@link LoadClip}.
   *
   * @param out memory of the sample's length to make it in, whatever it holds; default new
   */
  async read(
    request: ClipRequest,
    out: Float32Array = new Float32Array(sampleLength(this.#options)),
  ): Promise<Float32Array> {
    const video = await this.#videoOf(request.entry);
    try {
      const plan = planClips(this.#options, { video, request, out });
      let frame = 0;
      for await (const picture of video.frames(plan.frames)) plan.place(picture, frame++);
      if (frame !== plan.frames.length) {
        const problem = `${request.entry.path}: ${frame} of ${plan.frames.length} frames could be decoded`;
        throw new VideoError('undecodable', problem);
      }
      plan.finish();
      return out;
    } finally {
      await video.close();
    }
  }

  async #videoOf(entry: VideoEntry): Promise<ClipVideo> {
    const held = this.#cache?.get(entry.path);
    if (held !== undefined) return held;
    const video = await this.#open(entry);
    try {
      return this.#cache === undefined ? video : await this.#cache.admit(entry.path, video);
    } catch (error) {
      await video.close();
      throw error;
    }
  }
}
