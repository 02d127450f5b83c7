import { pickVideos, type UnreadableVideo, type Videos } from '@umt/data';
import type { PhaseEvent, WarningEvent } from '@umt/trainer';
import type { ClassifierCard } from '../classifier/classifier-card.ts';
import type { ClipClassifier } from '../classifier/clip-classifier.ts';
import type { FinetuneConfig } from '../config/finetune-config.ts';
import type { EvaluationSummary } from '../evaluation/evaluation-summary.ts';
import { measureClassifier, type Views } from '../evaluation/measure.ts';
import { spreadIndices } from '../training/spread.ts';
import { predictClips, type PredictedClip } from './predicted-clips.ts';

/** Measures a classifier on the validation list of a run. */
export class ValidationMeasure {
  readonly #config: FinetuneConfig;
  readonly #card: ClassifierCard;
  readonly #entries: Videos;
  readonly #brokenVideos: Set<string>;
  readonly #emit: (event: WarningEvent | PhaseEvent) => void;
  readonly #stopSignal: AbortSignal | undefined;

  /**
   * @param brokenVideos takes a line for each video that cannot be read
   * @param stopSignal aborted: a measurement that goes on ends at once and counts for nothing
   */
  constructor(
    config: FinetuneConfig,
    card: ClassifierCard,
    entries: Videos,
    brokenVideos: Set<string>,
    emit: (event: WarningEvent | PhaseEvent) => void,
    stopSignal?: AbortSignal,
  ) {
    this.#config = config;
    this.#card = card;
    this.#entries = entries;
    this.#brokenVideos = brokenVideos;
    this.#emit = emit;
    this.#stopSignal = stopSignal;
  }

  /** On the centre view of each video (the reference's validation); null where it was stopped. */
  quick(model: ClipClassifier): Promise<EvaluationSummary | null> {
    return this.#measure(model, this.#views({ clips: 1, crops: 1, protocol: 'validation' }));
  }

  /** On all views of each video (the reference's test); null where one view is all there is, or where it was stopped. */
  async thorough(model: ClipClassifier): Promise<EvaluationSummary | null> {
    const { clips, crops } = this.#config.evaluation;
    return clips * crops === 1 ? null : this.#measure(model, this.#views({ clips, crops, protocol: 'test' }));
  }

  /** Some videos of the list, spread over it, with what the classifier says of them; none where the run is stopping. */
  async clips(model: ClipClassifier): Promise<readonly PredictedClip[]> {
    if (this.#isStopping) return [];
    const some = pickVideos(this.#entries, spreadIndices(this.#entries.length, this.#config.report.clips));
    return predictClips(model, this.#card, some, this.#views({ clips: 1, crops: 1, protocol: 'validation' }));
  }

  get #isStopping(): boolean {
    return this.#stopSignal?.aborted ?? false;
  }

  async #measure(model: ClipClassifier, views: Views): Promise<EvaluationSummary | null> {
    if (this.#isStopping) return null;
    const { length } = this.#entries;
    const summary = await measureClassifier(model, {
      card: this.#card,
      entries: this.#entries,
      views,
      onPrediction: ({ index }) =>
        this.#emit({ type: 'phase', phase: 'training', detail: 'measuring', progress: (index + 1) / length }),
      onUnreadable: (video) => this.#tell(video),
      ...(this.#stopSignal && { stopSignal: this.#stopSignal }),
    });
    if (!this.#isStopping) return summary;
    const message = `measuring was stopped after ${summary.videos} of ${length} videos; it does not count`;
    this.#emit({ type: 'warning', message });
    return null;
  }

  #tell({ cause: { message } }: UnreadableVideo): void {
    if (this.#brokenVideos.has(message)) return;
    this.#brokenVideos.add(message);
    this.#emit({ type: 'warning', message: `${message}; it is left out of the measurement` });
  }

  #views(views: Pick<Views, 'clips' | 'crops' | 'protocol'>): Views {
    const { batch, augmentation, data } = this.#config;
    return { ...views, batchSize: batch.size * augmentation.repeats, workers: data.workers };
  }
}
