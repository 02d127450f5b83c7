import { collateClips, type ClipBatch } from './clip-batch.ts';
import { sampleLength } from './clip-options.ts';
import { checkInteger } from './data-error.ts';
import { ClipReader } from './clip-reader.ts';
import { Loader, type LoaderOptions } from './loader.ts';
import { entryOpener } from './open-entry.ts';
import { openShardSet as openOverHttp, type OpenShardSet } from './shards/open-shard-set.ts';
import { VideoClipDataset, type VideoClip, type VideoClipDatasetOptions } from './video-clip-dataset.ts';
import { videoListOf } from './video-list.ts';
import { DEFAULT_WINDOW, windowedOrder } from './windowed-order.ts';
import { WorkerPool, type WorkerHost } from './worker-pool.ts';

/** How batches of clips are made of a list of videos. */
export interface VideoClipLoaderOptions
  extends
    Omit<VideoClipDatasetOptions, 'load'>,
    Pick<
      LoaderOptions<VideoClip, ClipBatch>,
      'batchSize' | 'rank' | 'worldSize' | 'shuffle' | 'prefetch' | 'maxBytes' | 'epochs'
    > {
  /** Shards whose samples are shuffled together, where the videos lie in shards. Default 8. */
  readonly shuffleWindow?: number;
  /** Threads that decode. 0, the default, decodes in this thread between other work. The batches are the same. */
  readonly workers?: number;
}

/** A loader of clips, with the count of videos that could not be read. */
export interface VideoClipLoader extends Loader<VideoClip, ClipBatch> {
  readonly dataset: VideoClipDataset;
}

/** Makes `createVideoClipLoader` for a platform. */
export function videoClipLoaderFactory(host: WorkerHost, openShardSet: OpenShardSet = openOverHttp) {
  return (options: VideoClipLoaderOptions): VideoClipLoader => {
    const { workers = 0, clip, batchSize, seed, shuffleWindow = DEFAULT_WINDOW } = options;
    const { groups } = videoListOf(options.entries);
    checkInteger('workers', workers, 0, 1024);
    let pool: WorkerPool | undefined;
    let reader: ClipReader | undefined;
    const dataset = new VideoClipDataset({
      ...options,
      load: (request) =>
        workers === 0
          ? (reader ??= new ClipReader(clip, entryOpener(clip, openShardSet))).read(request)
          : (pool ??= new WorkerPool(host, workers, clip, batchSize)).load(request),
    });
    const loader = new Loader<VideoClip, ClipBatch>({
      ...options,
      dataset,
      ...(groups === undefined
        ? {}
        : { order: (epoch) => windowedOrder({ seed, epoch, counts: groups, window: shuffleWindow }) }),
      bytesPerSample: sampleLength(clip) * Float32Array.BYTES_PER_ELEMENT,
      collate(samples, place) {
        const batch = collateClips(samples, clip, place);
        for (const { video } of samples) pool?.recycle(video);
        return batch;
      },
      concurrency: workers === 0 ? 1 : Infinity,
      onClose: async () => pool?.close(),
    });
    return Object.assign(loader, { dataset });
  };
}
