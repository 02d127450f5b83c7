import {
  createVideoClipLoader,
  type ClipBatch,
  type QuarantineStore,
  type TrainingClipOptions,
  type VideoClipLoader,
  type Videos,
} from '@umt/data';
import type { Collective } from '@umt/tensor';
import type { BatchSource, WarningEvent } from '@umt/trainer';
import { ConfigError } from '../config/config-error.ts';
import type { RunConfig } from '../config/shared-groups.ts';

/** What a loader of training clips is made of. */
export interface TrainingLoaderOptions {
  readonly config: Pick<RunConfig, 'seed' | 'batch' | 'schedule'> & {
    readonly data: { readonly workers: number; readonly maxUnreadableShare: number };
  };
  /** The samples of an epoch. */
  readonly entries: Videos;
  readonly clip: TrainingClipOptions;
  /** How the samples of an epoch come about, in words for the error. */
  readonly origin: string;
  readonly emit: (event: WarningEvent) => void;
  /** The processes that share each batch. */
  readonly collective: Collective;
  /** Where the videos that cannot be read are listed; null for nowhere. */
  readonly quarantine: QuarantineStore | null;
}

/** A loader, and what of its videos could not be read. */
export interface TrainingLoader {
  readonly loader: VideoClipLoader;
  /** What the loader gives, with the paths of each batch. */
  readonly batches: BatchSource<ClipBatch>;
  /** One line for each video that this process could not read so far, or knew of at its start. */
  readonly brokenVideos: Set<string>;
  /** The lines of all processes. */
  allBroken(): readonly string[];
}

/**
 * Opens the loader of a run. Videos that cannot be read are warned of once, and others take their place; those that are
 * in quarantine are not tried again.
 *
 * @throws ConfigError when an epoch does not fill one batch, or the processes cannot share one equally; DataError of
 * @umt/data, UnreadableSamplesError among them where more videos are in quarantine than may be
 */
export function openTrainingLoader(options: TrainingLoaderOptions): TrainingLoader {
  const { config, entries, clip, origin, emit, collective, quarantine } = options;
  const { batch, schedule, data, seed } = config;
  if (batch.size > entries.length) {
    throw new ConfigError(
      `batch.size must be at most ${entries.length}, the clips of an epoch (${origin}), not ${batch.size} (--batch-size)`,
      ['batch.size'],
    );
  }
  const { rank, worldSize } = collective;
  if (batch.size % worldSize !== 0) {
    throw new ConfigError(
      `batch.size must be a multiple of ${worldSize}, the processes that share it, not ${batch.size} (--batch-size)`,
      ['batch.size'],
    );
  }
  const brokenVideos = new Set<string>();
  const learn = (message: string) => void brokenVideos.add(message);
  const loader = createVideoClipLoader({
    entries,
    seed,
    clip,
    batchSize: batch.size / worldSize,
    rank,
    worldSize,
    workers: data.workers,
    epochs: schedule.epochs,
    maxUnreadableShare: data.maxUnreadableShare,
    ...(quarantine && { quarantine }),
    onUnreadable: ({ cause: { message } }) => {
      emit({ type: 'warning', message: `${message}; another video takes its place` });
      learn(message);
    },
  });
  const { dataset } = loader;
  for (const { message } of dataset.unreadable) learn(message);
  if (quarantine && brokenVideos.size > 0 && rank === 0) {
    const videos = brokenVideos.size === 1 ? '1 video that could' : `${brokenVideos.size} videos that could`;
    const message = `${videos} not be read before will not be tried again; to try again, delete ${quarantine.name}`;
    emit({ type: 'warning', message });
  }
  const { batchesPerEpoch, batchSize } = loader;
  return {
    loader,
    batches: {
      batchesPerEpoch,
      batchSize,
      batches: (epoch, firstBatch) => loader.batches(epoch, firstBatch),
      describe: ({ paths }) => [...new Set(paths)],
    },
    brokenVideos,
    allBroken() {
      for (const { message } of dataset.unreadable) learn(message);
      return [...brokenVideos];
    },
  };
}
