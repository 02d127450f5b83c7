import { createViewLoader, type VideoEntry, type ViewBatch } from '@umt/data';
import type { ParameterSource } from '@umt/nn';
import { random } from '@umt/random';
import type { ClassifierCard } from '../src/classifier/classifier-card.ts';
import { loadClipClassifier } from '../src/classifier/load-clip-classifier.ts';
import { EvaluationMeter, type EvaluationSummary } from '../src/evaluation/evaluation-summary.ts';
import { viewOptions } from '../src/evaluation/measure.ts';
import { predictVideos } from '../src/evaluation/predict-videos.ts';

/**
 * Measures a classifier on one view of each video whose frames were put in random order: what it can tell without knowing
 * what came first.
 */
export async function measureShuffled(
  card: ClassifierCard,
  weights: ParameterSource,
  entries: readonly VideoEntry[],
): Promise<EvaluationSummary> {
  const model = await loadClipClassifier(card, weights);
  const clip = viewOptions(card, { clips: 1, crops: 1, protocol: 'validation', batchSize: 1, workers: 0 });
  const loader = createViewLoader({ entries, clip, batchSize: 25 });
  const meter = new EvaluationMeter(card.classes.length);
  try {
    for await (const prediction of predictVideos(model, shuffled(loader.batches()), 1)) meter.add(prediction);
  } finally {
    await loader.close();
    model.dispose();
  }
  return meter.summary;
}

async function* shuffled(batches: AsyncIterable<ViewBatch>): AsyncGenerator<ViewBatch> {
  for await (const { video, shape, places } of batches) {
    const [, frames, height, width] = shape;
    const length = height * width * 3;
    const mixed = new Float32Array(video.length);
    for (const [view, { index }] of places.entries()) {
      const stream = random({ seed: 0, stream: 'shuffled frames', index });
      const order = Array.from({ length: frames }, (_, frame) => frame);
      for (let last = frames - 1; last > 0; last--) {
        const other = stream.integer(0, last);
        [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
      }
      for (const [to, from] of order.entries()) {
        const start = (view * frames + from) * length;
        mixed.set(video.subarray(start, start + length), (view * frames + to) * length);
      }
    }
    yield { video: mixed, shape, places };
  }
}
