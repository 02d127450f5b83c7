import { createViewLoader, type Videos, type ViewPlace } from '@umt/data';
import { topK } from '@umt/metrics';
import type { ClassifierCard } from '../classifier/classifier-card.ts';
import type { ClipClassifier } from '../classifier/clip-classifier.ts';
import { viewOptions, type Views } from '../evaluation/measure.ts';
import { predictVideos } from '../evaluation/predict-videos.ts';
import type { FrameStrip } from '../report/report-data.ts';
import { frameStrip } from '../training/frame-strip.ts';

/** A clip as the report shows it: its frames, what it is, and what the classifier says. */
export interface PredictedClip {
  /** The video's name. */
  readonly name: string;
  readonly strip: FrameStrip;
  readonly frames: number;
  /** Names of its classes. */
  readonly labels: readonly string[];
  /** The likeliest classes, the best first. */
  readonly predictions: readonly { readonly name: string; readonly probability: number }[];
}

const SHOWN = 3;

/** Pictures of the centre view of some videos, each with its likeliest classes. Videos that cannot be read are left out. */
export async function predictClips(
  model: ClipClassifier,
  card: ClassifierCard,
  entries: Videos,
  views: Views,
): Promise<readonly PredictedClip[]> {
  if (entries.length === 0) return [];
  const clip = viewOptions(card, { ...views, clips: 1, crops: 1, protocol: 'validation' });
  const loader = createViewLoader({ entries, clip, batchSize: 1 });
  const clips: PredictedClip[] = [];
  try {
    for await (const batch of loader.batches()) {
      const [place] = batch.places;
      if (!place) continue;
      for await (const { probabilities } of predictVideos(model, once(batch), 1)) {
        clips.push({
          name: place.path.split(/[/\\]/).slice(-2).join('/'),
          strip: frameStrip(batch.video, card.model.frames, card.model.imageSize),
          frames: card.model.frames,
          labels: namesOf(place, card),
          predictions: topK(probabilities, SHOWN).map((number) => ({
            name: card.classes[number] ?? String(number),
            probability: probabilities[number] ?? 0,
          })),
        });
      }
    }
  } finally {
    await loader.close();
  }
  return clips;
}

function namesOf({ labels }: ViewPlace, { classes }: ClassifierCard): readonly string[] {
  return labels.map((label) => classes[label] ?? String(label));
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}
