import { random } from '@umt/random';
import { VideoError } from '@umt/video';
import type { TrainingClipOptions } from './clip-options.ts';
import type { ClipRequest } from './clip-plan.ts';
import { ClipReader, type LoadClip } from './clip-reader.ts';
import { checkInteger, DataError, isUnreadable, UnreadableSamplesError } from './data-error.ts';
import type { Dataset } from './dataset.ts';
import { labelsOf, type VideoEntry } from './manifest.ts';
import { Quarantine, type BadVideo, type QuarantineStore } from './quarantine.ts';
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
  /** All that the list says of the video that was read: captions, question and answers belong to what is shown. */
  readonly entry: VideoEntry;
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
  /** Told once of every video that cannot be read. They are in `unreadable` besides. */
  readonly onUnreadable?: (sample: UnreadableSample) => void;
  /** Share of the videos that may be unreadable, above which it is an error; one may be unless it is 0. Default 0.01. */
  readonly maxUnreadableShare?: number;
  /** Where unreadable videos are listed and remembered from one run to the next. Default: in memory alone. */
  readonly quarantine?: QuarantineStore;
  /** Where clips are made: default here, in this thread. */
  readonly load?: LoadClip;
}

/**
 * Videos as training clips. A sample is a pure function of (seed, index, epoch): crops, flips and frame indices come from
 * counter-based streams, and a video that cannot be read gives way to another one chosen by (seed, index, attempt), with
 * all that is said of it. A video that could not be read once is not tried again.
 */
export class VideoClipDataset implements Dataset<VideoClip> {
  readonly length: number;
  readonly #videos: VideoList;
  readonly #seed: number;
  readonly #maxAttempts: number;
  readonly #load: LoadClip;
  readonly #onUnreadable: (sample: UnreadableSample) => void;
  readonly #quarantine: Quarantine;

  /**
   * @throws DataError when there is no video, or naming the option that is wrong
   * @throws UnreadableSamplesError when more videos are in quarantine than may be
   */
  constructor(options: VideoClipDatasetOptions) {
    const { entries, seed, clip, load, maxAttempts = 10, onUnreadable = () => undefined } = options;
    const { maxUnreadableShare = 0.01, quarantine } = options;
    if (entries.length === 0) throw new DataError('entries: a data set needs at least one video');
    checkInteger('maxAttempts', maxAttempts, 1);
    checkInteger('seed', seed, 0);
    if (!(maxUnreadableShare >= 0 && maxUnreadableShare <= 1)) {
      throw new DataError(`maxUnreadableShare must be a number from 0 to 1, got ${maxUnreadableShare}`);
    }
    this.#quarantine = new Quarantine({ entries, maxUnreadableShare, store: quarantine });
    this.length = entries.length;
    this.#videos = videoListOf(entries);
    this.#seed = seed;
    this.#maxAttempts = maxAttempts;
    this.#onUnreadable = onUnreadable;
    const reader = new ClipReader(clip);
    this.#load = load ?? ((request) => reader.read(request));
  }

  /** The videos that cannot be read, as far as they are known. */
  get unreadable(): readonly BadVideo[] {
    return this.#quarantine.videos;
  }

  /**
   * Loads one sample.
   *
   * @throws UnreadableSamplesError when `maxAttempts` videos in a row could not be read, or too many of all
   * @throws VideoError of kind 'no-decoder' when nothing here decodes video
   */
  async sample(index: number, epoch: number): Promise<VideoClip> {
    checkInteger('index', index, 0, this.length - 1);
    let current = index;
    for (let attempt = 1; ; attempt++) {
      const found =
        this.#quarantine.causeOf(current) ?? (await this.#read(current, { seed: this.#seed, epoch, index }));
      if (!(found instanceof VideoError)) return found;
      if (attempt === this.#maxAttempts || this.length === 1) {
        const tried = attempt === 1 ? 'the only video' : `${attempt} videos in a row`;
        throw new UnreadableSamplesError(`${tried} could not be read, the last: ${found.message}`, { cause: found });
      }
      const substituteIndex = this.#substitute(index, attempt, current);
      if (this.#quarantine.add(current, found)) {
        this.#onUnreadable({ index: current, path: this.#videos.nameAt(current), cause: found, substituteIndex });
      }
      this.#quarantine.check();
      current = substituteIndex;
    }
  }

  /** The sample of a request from the video of another index or its own, or what is wrong with that video. */
  async #read(current: number, request: Omit<ClipRequest, 'entry'>): Promise<VideoClip | VideoError> {
    try {
      const entry = await this.#videos.entryAt(current);
      const video = await this.#load({ ...request, entry });
      return { video, index: request.index, path: entry.path, label: entry.label, labels: labelsOf(entry), entry };
    } catch (cause) {
      if (isUnreadable(cause)) return cause;
      throw cause;
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
