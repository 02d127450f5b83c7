import { createVideoClipLoader, type TrainingClipOptions, type VideoClipLoader, type VideoEntry } from '@umt/data';
import type { Collective } from '@umt/tensor';
import type { WarningEvent } from '@umt/trainer';
import { ConfigError } from '../config/config-error.ts';
import type { RunConfig } from '../config/shared-groups.ts';

/** What a loader of training clips is made of. */
export interface TrainingLoaderOptions {
  readonly config: Pick<RunConfig, 'seed' | 'batch' | 'schedule'> & { readonly data: { readonly workers: number } };
  /** The samples of an epoch. */
  readonly entries: readonly VideoEntry[];
  readonly clip: TrainingClipOptions;
  /** How the samples of an epoch come about, in words for the error. */
  readonly origin: string;
  readonly emit: (event: WarningEvent) => void;
  /** The processes that share each batch. */
  readonly collective: Collective;
}

/** A loader, and one line for each video that could not be read so far. */
export interface TrainingLoader {
  readonly loader: VideoClipLoader;
  readonly brokenVideos: Set<string>;
}

/**
 * Opens the loader of a run. Videos that cannot be read are warned of once, and others take their place.
 *
 * @throws ConfigError when an epoch does not fill one batch, or the processes cannot share one equally; DataError of @umt/data
 */
export function openTrainingLoader(options: TrainingLoaderOptions): TrainingLoader {
  const { config, entries, clip, origin, emit, collective } = options;
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
  const loader = createVideoClipLoader({
    entries,
    seed,
    clip,
    batchSize: batch.size / worldSize,
    rank,
    worldSize,
    workers: data.workers,
    epochs: schedule.epochs,
    onUnreadable: ({ cause: { message } }) => {
      if (!brokenVideos.has(message)) emit({ type: 'warning', message: `${message}; another video takes its place` });
      brokenVideos.add(message);
    },
  });
  return { loader, brokenVideos };
}
