import { createViewLoader, type UnreadableVideo, type Videos, type ViewClipOptions } from '@umt/data';
import type { ClassifierCard } from '../classifier/classifier-card.ts';
import { EvaluationMeter, type EvaluationSummary } from './evaluation-summary.ts';
import { predictVideos, type ClipScorer, type VideoPrediction } from './predict-videos.ts';

/** How videos are looked at. */
export interface Views {
  readonly clips: number;
  readonly crops: number;
  /** The reference's rules for `test` sets, or for `validation` during training: one view, the centre's. */
  readonly protocol: 'test' | 'validation';
  /** Views that pass through the model at once. */
  readonly batchSize: number;
  /** Threads that decode. */
  readonly workers: number;
}

/** A measurement of a classifier. */
export interface Measurement {
  readonly card: ClassifierCard;
  readonly entries: Videos;
  readonly views: Views;
  /** The first video to predict. Default 0. */
  readonly firstVideo?: number;
  readonly onPrediction?: (prediction: VideoPrediction) => void | Promise<void>;
  readonly onUnreadable?: (video: UnreadableVideo) => void;
  /** Aborted: end after the videos that are through. */
  readonly stopSignal?: AbortSignal;
}

/** How the views of a classifier's videos are made, as @umt/data takes it. */
export function viewOptions({ model, sampling, shortSide }: ClassifierCard, views: Views): ViewClipOptions {
  const { clips, crops, protocol } = views;
  return {
    kind: 'views',
    frames: model.frames,
    size: model.imageSize,
    shortSide,
    sampling,
    clips,
    crops,
    protocol,
  };
}

/**
 * Predicts videos and counts what is right.
 *
 * @throws DataError of @umt/data when there is no video or the views cannot be made
 */
export async function measureClassifier(
  model: ClipScorer,
  { card, entries, views, firstVideo = 0, onPrediction, onUnreadable, stopSignal }: Measurement,
): Promise<EvaluationSummary> {
  const loader = createViewLoader({
    entries,
    clip: viewOptions(card, views),
    batchSize: views.batchSize,
    workers: views.workers,
    ...(onUnreadable && { onUnreadable }),
  });
  const meter = new EvaluationMeter(card.model.classes);
  try {
    for await (const prediction of predictVideos(model, loader.batches(firstVideo), loader.viewsPerVideo)) {
      meter.add(prediction);
      await onPrediction?.(prediction);
      if (stopSignal?.aborted) break;
    }
  } finally {
    await loader.close();
  }
  return meter.summary;
}
