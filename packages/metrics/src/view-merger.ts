import { softmax } from './softmax.ts';

/** Which view of which video: the place of the video in its dataset, the clip in time and the crop in space. */
export interface ViewPlace {
  /** Index of the video in its dataset. Not its name: files in different folders may share one. */
  readonly index: number;
  readonly clip: number;
  readonly crop: number;
}

/** What the views of one video say together. */
export interface MergedViews {
  /** C class probabilities: the mean over the views of each one's softmax. */
  readonly probabilities: Float64Array;
  /** How many views were averaged. */
  readonly views: number;
}

/** One video: the sum of its views' probabilities, and which views these were. */
interface Sum {
  readonly probabilities: Float64Array;
  readonly seen: Set<string>;
}

/**
 * Merges the views of videos as UMT's evaluation does: softmax of each view, then the average (reference behaviour: the
 * average is of probabilities, not of logits). The class is the highest of the average. A view that comes twice, as
 * samplers that pad their shards give it, counts once.
 */
export class ViewMerger {
  readonly #classes: number;
  readonly #sums = new Map<number, Sum>();

  /** @throws RangeError when the number of classes is not a whole number from 1 on */
  constructor(classes: number) {
    if (!Number.isInteger(classes) || classes < 1) {
      throw new RangeError(`ViewMerger: classes must be a whole number from 1 on, got ${classes}`);
    }
    this.#classes = classes;
  }

  /**
   * Adds one view.
   *
   * @param logits C numbers
   * @returns whether it counted: false where this clip and crop of this video was there before
   * @throws RangeError when there are not C logits, or one is not a finite number
   */
  add({ index, clip, crop }: ViewPlace, logits: ArrayLike<number>): boolean {
    if (logits.length !== this.#classes) {
      throw new RangeError(
        `ViewMerger: video ${index} has a view with ${logits.length} logits, expected ${this.#classes}`,
      );
    }
    const bad = Array.from(logits).findIndex((logit) => !Number.isFinite(logit));
    if (bad >= 0) {
      throw new RangeError(
        `ViewMerger: logit ${bad} of video ${index}, clip ${clip}, crop ${crop} is ${logits[bad]}, not a finite number`,
      );
    }
    const sum = this.#sums.get(index) ?? { probabilities: new Float64Array(this.#classes), seen: new Set<string>() };
    const view = `${clip}/${crop}`;
    if (sum.seen.has(view)) return false;
    this.#sums.set(index, sum);
    sum.seen.add(view);
    for (const [place, probability] of softmax(logits).entries()) {
      sum.probabilities[place] = (sum.probabilities[place] ?? 0) + probability;
    }
    return true;
  }

  /** The videos that have views, in the order in which they came. */
  get indices(): readonly number[] {
    return [...this.#sums.keys()];
  }

  /**
   * What the views of one video say so far.
   * @throws RangeError where it has none
   */
  merged(index: number): MergedViews {
    const sum = this.#sums.get(index);
    if (!sum) throw new RangeError(`ViewMerger: no view of video ${index} was added`);
    const views = sum.seen.size;
    return { probabilities: sum.probabilities.map((value) => value / views), views };
  }

  /** Forgets a video: for evaluations that write each result as soon as its views are complete. */
  forget(index: number): void {
    this.#sums.delete(index);
  }
}
