import type { CheckpointSource } from '@umt/checkpoint';
import { softmax, topK } from '@umt/metrics';
import { ConfigError } from '../config/config-error.ts';
import {
  loadOn,
  VideoEncoder,
  type EngineLease,
  type PretrainedOptions,
  type VideoInput,
  type ViewOptions,
} from './video-encoder.ts';
import { loadClassifyingModel, type ClassifyingModel } from './video-model.ts';

/** How a classifier is loaded. */
export interface ClassifierOptions extends PretrainedOptions {
  /** Names of the classes by number. Default: those in the checkpoint, as fine-tuning writes them, else the numbers. */
  readonly labels?: readonly string[];
}

/** How a video is classified. */
export interface ClassifyOptions extends ViewOptions {
  /** How many classes are returned. Default 5. */
  readonly top?: number;
}

/** One class of a video. */
export interface Prediction {
  readonly label: string;
  /** The class's number. */
  readonly index: number;
  /** From 0 to 1; over all classes they sum to 1, but where a video may have several classes. */
  readonly probability: number;
}

/**
 * A fine-tuned classifier, ready for videos.
 *
 * @example
 * const classifier = await VideoClassifier.fromPretrained('b16_ptk710_ftk710_ftk400_f8_res224.pth');
 * const [best] = await classifier.classify('video.mp4', { clips: 4, crops: 3 });
 */
export class VideoClassifier extends VideoEncoder {
  /** Names of the classes by number. */
  readonly labels: readonly string[];
  readonly #model: ClassifyingModel;

  private constructor(model: ClassifyingModel, lease: EngineLease, labels: readonly string[]) {
    super(model, lease);
    this.#model = model;
    this.labels = labels;
  }

  /**
   * Loads a classifier from any checkpoint: a `.pth` of the reference's release, a file that fine-tuning wrote here, or any
   * with the official names. Its size is told by its names and shapes.
   *
   * @throws CheckpointError of @umt/checkpoint naming the file, ReferenceCheckpointError of @umt/vit when it holds no
   *   classifier, ParameterMismatchError of @umt/nn when tensors are missing, ConfigError when there are not as many labels as
   *   classes, DeviceError of @umt/runtime
   */
  static override async fromPretrained(
    source: CheckpointSource,
    options: ClassifierOptions = {},
  ): Promise<VideoClassifier> {
    const { model, lease } = await loadOn(source, options, (file) => loadClassifyingModel(file, options));
    const { classes } = model.card;
    const { labels = classes } = options;
    const classifier = new VideoClassifier(model, lease, labels);
    if (labels.length === classes.length) return classifier;
    classifier.dispose();
    throw new ConfigError(`labels: there are ${labels.length} of them for ${classes.length} classes`, ['labels']);
  }

  /**
   * The most likely classes of a video, best first: probabilities of its views, averaged.
   *
   * @throws VideoError of @umt/video when it cannot be read, DataError of @umt/data naming an option that is wrong
   */
  async classify(video: VideoInput, { top = 5, ...options }: ClassifyOptions = {}): Promise<readonly Prediction[]> {
    const probabilities = await this.#probabilities(video, options);
    return topK(probabilities, top).map((index) => ({
      label: this.labels[index] ?? String(index),
      index,
      probability: probabilities[index] ?? 0,
    }));
  }

  /** Of every class, the mean over the views (reference behaviour: of probabilities, not of logits). */
  async #probabilities(video: VideoInput, options: ViewOptions): Promise<Float64Array> {
    const { classes, task } = this.#model.card;
    const activate = task === 'multi-label' ? sigmoid : softmax;
    const sum = new Float64Array(classes.length);
    let views = 0;
    for await (const batch of this.views(video, options)) {
      const { data } = await this.run(batch, (clip) => this.#model.logits(clip));
      for (let start = 0; start < data.length; start += sum.length, views++) {
        const probabilities = activate(data.subarray(start, start + sum.length));
        for (const [index, value] of probabilities.entries()) sum[index] = (sum[index] ?? 0) + value;
      }
    }
    return sum.map((value) => value / views);
  }
}

function sigmoid(logits: Float32Array): Float64Array {
  return Float64Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit)));
}
