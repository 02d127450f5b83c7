import { ClassificationMeter } from '@umt/metrics';
import type { VideoPrediction } from './predict-videos.ts';

/** How well a classifier does on labelled videos. Plain data; shares are from 0 to 1. */
export interface EvaluationSummary {
  /** Videos that were predicted and have a label. */
  readonly videos: number;
  readonly top1: number;
  readonly top5: number;
  /** Mean over the classes of the share of their videos that are right. */
  readonly meanClassAccuracy: number;
  /** Mean of -log of the probability of the right class. */
  readonly loss: number;
  /** Counts [label][prediction]. */
  readonly confusion: readonly (readonly number[])[];
}

/**
 * Counts predictions. A video of several classes counts by the one of them that scores highest; one without any does not
 * count.
 */
export class EvaluationMeter {
  readonly #meter: ClassificationMeter;
  #loss = 0;

  constructor(classes: number) {
    this.#meter = new ClassificationMeter(classes);
  }

  /** @throws RangeError when a label is no class */
  add({ probabilities, labels }: Pick<VideoPrediction, 'probabilities' | 'labels'>): void {
    const [first, ...others] = labels;
    if (first === undefined) return;
    const scoreOf = (label: number) => probabilities[label] ?? 0;
    const label = others.reduce((best, other) => (scoreOf(other) > scoreOf(best) ? other : best), first);
    this.#meter.add(probabilities, label);
    this.#loss -= Math.log(Math.max(scoreOf(label), Number.MIN_VALUE));
  }

  /** What was counted so far. */
  get summary(): EvaluationSummary {
    const { samples, top1, top5, meanClassAccuracy, confusion } = this.#meter;
    return {
      videos: samples,
      top1,
      top5,
      meanClassAccuracy,
      loss: this.#loss / samples,
      confusion: confusion.map((row) => Array.from(row)),
    };
  }
}
