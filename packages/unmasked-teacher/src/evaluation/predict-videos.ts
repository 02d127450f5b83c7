// V views, C classes.
import type { ViewBatch, ViewPlace } from '@umt/data';
import { ViewMerger } from '@umt/metrics';
import { read, scope, tensor, type Tensor } from '@umt/tensor';

/** Whatever gives clips scores: a `ClipClassifier`, say. */
export interface ClipScorer {
  /** [B, T, H, W, 3], normalised -> [B, C] */
  logits(video_BTHWC: Tensor): Tensor;
}

/** What a classifier says of a whole video. */
export interface VideoPrediction {
  /** The video's number in the list. */
  readonly index: number;
  readonly path: string;
  /** Its class numbers. */
  readonly labels: readonly number[];
  /** [C] the mean over its views of each one's softmax. */
  readonly probabilities: Float64Array;
}

/**
 * Runs a classifier over the views of videos and gives each video's prediction as soon as its last view is through: softmax of each
 * view, then the mean (reference behaviour).
 *
 * @param batches views in the order video, clip, crop, as a `ViewLoader` of @umt/data gives them
 * @param viewsPerVideo clips times crops
 */
export async function* predictVideos(
  model: ClipScorer,
  batches: AsyncIterable<ViewBatch>,
  viewsPerVideo: number,
): AsyncGenerator<VideoPrediction, void, undefined> {
  let merger: ViewMerger | undefined;
  for await (const { video, shape, places } of batches) {
    const logits_VC = scope(() => model.logits(tensor(video, shape)));
    const values = await read(logits_VC);
    const [, classes = 0] = logits_VC.shape;
    logits_VC.dispose();
    merger ??= new ViewMerger(classes);
    for (const [view, place] of places.entries()) {
      merger.add(place, Float32Array.from(values.subarray(view * classes, (view + 1) * classes)));
      const { probabilities, views } = merger.merged(place.index);
      if (views < viewsPerVideo) continue;
      merger.forget(place.index);
      yield predictionOf(place, probabilities);
    }
  }
}

function predictionOf({ index, path, labels }: ViewPlace, probabilities: Float64Array): VideoPrediction {
  return { index, path, labels, probabilities };
}
