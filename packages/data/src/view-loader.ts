import type { VideoError } from '@umt/video';
import { clipsPerVideo, sampleLength, type ViewClipOptions } from './clip-options.ts';
import { ClipReader, type LoadClip } from './clip-reader.ts';
import { checkInteger, DataError, isUnreadable } from './data-error.ts';
import { Gate } from './gate.ts';
import { labelsOf, type VideoEntry } from './manifest.ts';
import { entryOpener } from './open-entry.ts';
import { openShardSet as openOverHttp, type OpenShardSet } from './shards/open-shard-set.ts';
import { videoListOf, type VideoList, type Videos } from './video-list.ts';
import { WorkerPool, type WorkerHost } from './worker-pool.ts';

/** Which view of which video. */
export interface ViewPlace {
  /** The video's number in the list. */
  readonly index: number;
  readonly path: string;
  /** Class number, where the list has it. */
  readonly label: number | undefined;
  /** All class numbers. */
  readonly labels: readonly number[];
  /** Place along time, from 0. */
  readonly clip: number;
  /** Place along the longer side, from 0. */
  readonly crop: number;
}

/** Some views, in order. */
export interface ViewBatch {
  /** float32 [B, T, H, W, 3], normalised. */
  readonly video: Float32Array;
  /** [B, T, H, W, 3]. */
  readonly shape: readonly [number, number, number, number, number];
  /** [B] what each view shows. */
  readonly places: readonly ViewPlace[];
}

/** A video that gives no views. */
export interface UnreadableVideo {
  readonly index: number;
  readonly path: string;
  readonly cause: VideoError;
}

/** How views of a list of videos are made. */
export interface ViewLoaderOptions {
  /** The videos: a list, or a shard set. */
  readonly entries: Videos;
  readonly clip: ViewClipOptions;
  /** Views in a batch; the last batch holds what is left. */
  readonly batchSize: number;
  /** Threads that decode. 0, the default, decodes in this thread between other work. The views are the same. */
  readonly workers?: number;
  /** Videos that are read ahead. Default twice the workers, at least 1. */
  readonly prefetch?: number;
  /** Bytes of views that are made or wait for their batch, those of one video aside: fewer are read ahead. Default 1 GiB. */
  readonly maxBytes?: number;
  /** Told of every video that cannot be read, in the order of the list. They are in `unreadable` besides. */
  readonly onUnreadable?: (video: UnreadableVideo) => void;
}

interface View {
  readonly place: ViewPlace;
  readonly video: Float32Array;
  /** On a video's last view: the memory of them all. */
  readonly sample: Float32Array | undefined;
}

const DEFAULT_MAX_BYTES = 2 ** 30;

/**
 * All views of a list of videos, in the order video, clip, crop: each video is decoded once, nothing is random. A video
 * that cannot be read is reported and left out; nothing takes its place, for that would change the score.
 */
export class ViewLoader {
  /** Views of every video: clips x crops. */
  readonly viewsPerVideo: number;
  readonly #options: ViewLoaderOptions;
  readonly #videos: VideoList;
  readonly #load: LoadClip;
  readonly #gate: Gate;
  readonly #prefetch: number;
  readonly #pool: Pick<WorkerPool, 'recycle' | 'close'> | undefined;
  #unreadable: UnreadableVideo[] = [];

  /**
   * @param load makes the views of a video
   * @param pool takes the memory of views back, and is closed with the loader
   * @throws DataError when there is no video, or naming the option that is wrong
   */
  constructor(options: ViewLoaderOptions, load?: LoadClip, pool?: Pick<WorkerPool, 'recycle' | 'close'>) {
    const { entries, clip, batchSize, workers = 0, prefetch = Math.max(1, 2 * workers) } = options;
    const { maxBytes = DEFAULT_MAX_BYTES } = options;
    if (entries.length === 0) throw new DataError('entries: there is no video to view');
    checkInteger('batchSize', batchSize, 1);
    checkInteger('prefetch', prefetch, 0);
    checkInteger('maxBytes', maxBytes, 0);
    const reader = new ClipReader(clip);
    this.viewsPerVideo = clipsPerVideo(clip);
    this.#options = options;
    this.#videos = videoListOf(entries);
    this.#load = load ?? ((request) => reader.read(request));
    this.#gate = new Gate(workers === 0 ? 1 : Infinity);
    const bytes = sampleLength(clip) * Float32Array.BYTES_PER_ELEMENT;
    this.#prefetch = Math.min(prefetch, Math.floor(maxBytes / bytes));
    this.#pool = pool;
  }

  /** The videos of the latest pass that could not be read so far. */
  get unreadable(): readonly UnreadableVideo[] {
    return this.#unreadable;
  }

  /**
   * Batches of views, from the first view of video number `firstVideo` on: an evaluation that was cut off goes on after
   * the last video whose views it has seen.
   *
   * @throws what is no fault of a video (no decoder, a worker that died); DataError after `close()`
   */
  async *batches(firstVideo = 0): AsyncGenerator<ViewBatch, void, undefined> {
    const { entries, batchSize, onUnreadable } = this.#options;
    checkInteger('firstVideo', firstVideo, 0, entries.length);
    this.#unreadable = [];
    const reading: Promise<readonly View[] | UnreadableVideo>[] = [];
    let views: readonly View[] = [];
    for (let index = firstVideo; index < entries.length; index++) {
      for (let next = index + reading.length; next < entries.length && next <= index + this.#prefetch; next++) {
        reading.push(this.#read(next));
      }
      const result = (await reading.shift()) ?? [];
      if ('cause' in result) {
        this.#unreadable.push(result);
        onUnreadable?.(result);
        continue;
      }
      views = [...views, ...result];
      for (; views.length >= batchSize; views = views.slice(batchSize)) yield this.#collate(views.slice(0, batchSize));
    }
    if (views.length > 0) yield this.#collate(views);
  }

  /** Lets go of workers. Videos that are being read are not waited for. */
  async close(): Promise<void> {
    this.#gate.close(new DataError('the loader was closed'));
    await this.#pool?.close();
  }

  #read(index: number): Promise<readonly View[] | UnreadableVideo> {
    const { clip } = this.#options;
    const crops = clip.crops ?? 1;
    let entry: VideoEntry | undefined;
    const read = this.#gate
      .run(async () => {
        entry = await this.#videos.entryAt(index);
        const { path, label } = entry;
        const sample = await this.#load({ entry, seed: 0, epoch: 0, index });
        const length = sample.length / this.viewsPerVideo;
        const labels = labelsOf(entry);
        return Array.from({ length: this.viewsPerVideo }, (_, i) => ({
          place: { index, path, label, labels, clip: Math.floor(i / crops), crop: i % crops },
          video: sample.subarray(i * length, (i + 1) * length),
          sample: i === this.viewsPerVideo - 1 ? sample : undefined,
        }));
      })
      .catch((cause: unknown) => {
        if (isUnreadable(cause)) return { index, path: entry?.path ?? this.#videos.nameAt(index), cause };
        throw cause;
      });
    // A failure is told when this video's turn comes; until then it must not end the process.
    read.catch(() => undefined);
    return read;
  }

  #collate(views: readonly View[]): ViewBatch {
    const { frames, size } = this.#options.clip;
    const length = frames * size * size * 3;
    const video = new Float32Array(views.length * length);
    for (const [i, view] of views.entries()) {
      video.set(view.video, i * length);
      if (view.sample !== undefined) this.#pool?.recycle(view.sample);
    }
    return { video, shape: [views.length, frames, size, size, 3], places: views.map(({ place }) => place) };
  }
}

/** Makes `createViewLoader` for a platform. */
export function viewLoaderFactory(host: WorkerHost, openShardSet: OpenShardSet = openOverHttp) {
  return (options: ViewLoaderOptions): ViewLoader => {
    const { workers = 0, clip } = options;
    checkInteger('workers', workers, 0, 1024);
    if (workers === 0) {
      const reader = new ClipReader(clip, entryOpener(clip, openShardSet));
      return new ViewLoader(options, (request) => reader.read(request));
    }
    let pool: WorkerPool | undefined;
    return new ViewLoader(options, (request) => (pool ??= new WorkerPool(host, workers, clip, workers)).load(request), {
      recycle: (video) => pool?.recycle(video),
      close: async () => pool?.close(),
    });
  };
}
