import { random } from '@umt/random';
import type { VideoError } from '@umt/video';
import type { TrainingClipOptions } from './clip-options.ts';
import { ClipReader, type LoadClip } from './clip-reader.ts';
import { checkInteger, DataError, isUnreadable, UnreadableSamplesError } from './data-error.ts';
import type { Dataset } from './dataset.ts';
import { labelsOf, type VideoEntry } from './manifest.ts';
import { videoListOf, type VideoList, type Videos } from './video-list.ts';

/** One sample: the clips made of one video. */
export interface VideoClip {
  /** float32 [copies, T, H, W, 3], normalised. */
  readonly video: Float32Array;
  /** The index that was asked for. */
  readonly index: number;
  /** The video that was read: that of another index where this one could not be read. */
  readonly path: string;
  readonly label: number | undefined;
  /** All class numbers of the video. */
  readonly labels: readonly number[];
}

/** A video that could not be read, and what was taken in its place. */
export interface UnreadableSample {
  readonly index: number;
  readonly path: string;
  readonly cause: VideoError;
  /** The index whose video is tried next. */
  readonly substituteIndex: number;
}

/** How a data set of videos is made. */
export interface VideoClipDatasetOptions {
  /** The videos: a list, or a shard set. */
  readonly entries: Videos;
  /** Everything random is derived from it: an integer, 0 <= seed < 2^53. */
  readonly seed: number;
  readonly clip: TrainingClipOptions;
  /** How many videos are tried for one sample before it is an error. Default 10. */
  readonly maxAttempts?: number;
  /** Told of every video that cannot be read. Default: they are only counted. */
  readonly onUnreadable?: (sample: UnreadableSample) => void;
  /** Where clips are made: default here, in this thread. */
  readonly load?: LoadClip;
}

/**
 * Videos as training clips. A sample is a pure function of (seed, index, epoch): crops, flips and frame indices come from
 * counter-based streams, and a video that cannot be read gives way to another one chosen by (seed, index, attempt).
 */
export class VideoClipDataset implements Dataset<VideoClip> {
  readonly length: number;
  readonly #videos: VideoList;
  readonly #seed: number;
  readonly #maxAttempts: number;
  readonly #load: LoadClip;
  readonly #onUnreadable: (sample: UnreadableSample) => void;
  #unreadableCount = 0;

  /** @throws DataError when there is no video, or naming the option that is wrong */
  constructor(options: VideoClipDatasetOptions) {
    const { entries, seed, clip, load, maxAttempts = 10, onUnreadable = () => undefined } = options;
    if (entries.length === 0) throw new DataError('entries: a data set needs at least one video');
    checkInteger('maxAttempts', maxAttempts, 1);
    checkInteger('seed', seed, 0);
    this.length = entries.length;
    this.#videos = videoListOf(entries);
    this.#seed = seed;
    this.#maxAttempts = maxAttempts;
    this.#onUnreadable = onUnreadable;
    const reader = new ClipReader(clip);
    this.#load = load ?? ((request) => reader.read(request));
  }

  /** How often a video could not be read so far. */
  get unreadableCount(): number {
    return this.#unreadableCount;
  }

  /**
   * Loads one sample.
   *
   * @throws UnreadableSamplesError when `maxAttempts` videos in a row could not be read
   * @throws VideoError of kind 'no-decoder' when nothing here decodes video
   */
  async sample(index: number, epoch: number): Promise<VideoClip> {
    checkInteger('index', index, 0, this.length - 1);
    let current = index;
    for (let attempt = 1; ; attempt++) {
      let entry: VideoEntry | undefined;
      try {
        entry = await this.#videos.entryAt(current);
        const video = await this.#load({ entry, seed: this.#seed, epoch, index });
        return { video, index, path: entry.path, label: entry.label, labels: labelsOf(entry) };
      } catch (cause) {
        if (!isUnreadable(cause)) throw cause;
        this.#unreadableCount++;
        if (attempt === this.#maxAttempts || this.length === 1) {
          const tried = attempt === 1 ? 'the only video' : `${attempt} videos in a row`;
          throw new UnreadableSamplesError(`${tried} could not be read, the last: ${cause.message}`, { cause });
        }
        const substituteIndex = this.#substitute(index, attempt, current);
        this.#onUnreadable({
          index: current,
          path: entry?.path ?? this.#videos.nameAt(current),
          cause,
          substituteIndex,
        });
        current = substituteIndex;
      }
    }
  }

  #substitute(index: number, attempt: number, current: number): number {
    const stream = random({ seed: this.#seed, stream: 'data/substitute', step: attempt, index });
    for (;;) {
      const candidate = stream.integer(0, this.length - 1);
      if (candidate !== current) return candidate;
    }
  }
}
