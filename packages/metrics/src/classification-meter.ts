import { topK } from './top-k.ts';

/** Accuracy over samples that have one label each. All figures are shares from 0 to 1, and NaN before the first sample. */
export class ClassificationMeter {
  readonly #classes: number;
  readonly #confusion: Uint32Array;
  #samples = 0;
  #hits = 0;
  #hitsAmongFive = 0;

  /** @throws RangeError when the number of classes is not a whole number from 1 on */
  constructor(classes: number) {
    if (!Number.isInteger(classes) || classes < 1) {
      throw new RangeError(`ClassificationMeter: classes must be a whole number from 1 on, got ${classes}`);
    }
    this.#classes = classes;
    this.#confusion = new Uint32Array(classes * classes);
  }

  /**
   * Counts one sample.
   *
   * @param scores C numbers, logits or probabilities: the highest is the prediction, of equal ones the first
   * @param label from 0 to C - 1
   * @throws RangeError when there are not C scores, one is not a number, or the label is out of range
   */
  add(scores: ArrayLike<number>, label: number): void {
    const classes = this.#classes;
    if (scores.length !== classes) {
      throw new RangeError(`ClassificationMeter: expected ${classes} scores, got ${scores.length}`);
    }
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(
        `ClassificationMeter: a label must be a whole number from 0 to ${classes - 1}, got ${label}`,
      );
    }
    const best = topK(scores, 5);
    const cell = label * classes + (best[0] ?? 0);
    this.#confusion[cell] = (this.#confusion[cell] ?? 0) + 1;
    this.#samples++;
    if (best[0] === label) this.#hits++;
    if (best.includes(label)) this.#hitsAmongFive++;
  }

  /** How many samples were counted. */
  get samples(): number {
    return this.#samples;
  }

  /** Share of the samples whose highest score is the label's. */
  get top1(): number {
    return this.#hits / this.#samples;
  }

  /** Share of the samples whose label is among the five highest scores: all of them where there are at most five classes. */
  get top5(): number {
    return this.#hitsAmongFive / this.#samples;
  }

  /** Mean of the classes' own `top1`, over the classes that have samples. */
  get meanClassAccuracy(): number {
    const ofClasses = this.classAccuracies.filter((accuracy) => !Number.isNaN(accuracy));
    return ofClasses.reduce((sum, accuracy) => sum + accuracy, 0) / ofClasses.length;
  }

  /** `top1` of each class's own samples; NaN for a class without any. */
  get classAccuracies(): readonly number[] {
    return this.confusion.map((row, label) => (row[label] ?? 0) / row.reduce((sum, count) => sum + count, 0));
  }

  /** Counts [label][prediction]. */
  get confusion(): readonly Uint32Array[] {
    const classes = this.#classes;
    return Array.from({ length: classes }, (_, label) => this.#confusion.slice(label * classes, (label + 1) * classes));
  }
}
