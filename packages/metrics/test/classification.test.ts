import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClassificationMeter, softmax, topK, ViewMerger } from '../src/index.ts';

describe('topK', () => {
  it('is the start of a stable sort by falling score', () => {
    const scores = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 20 });
    fc.assert(
      fc.property(scores, fc.integer({ min: 0, max: 25 }), (values, k) => {
        const sorted = values.map((_, place) => place).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
        expect(topK(values, k)).toEqual(sorted.slice(0, k));
      }),
    );
  });

  it('refuses scores that are not numbers and a k that is no count', () => {
    expect(() => topK([1, NaN, 3], 2)).toThrow(/score 1 is not a number/);
    expect(() => topK([1], 0.5)).toThrow(/k must be a whole number/);
  });
});

describe('softmax', () => {
  it('gives probabilities, also of logits whose exponentials overflow', () => {
    expect([...softmax([Math.log(1), Math.log(2), Math.log(5)])]).toEqual(
      [1 / 8, 2 / 8, 5 / 8].map((value) => expect.closeTo(value, 14)),
    );
    expect([...softmax([1000, 1000, -1000])]).toEqual([0.5, 0.5, 0]);
  });
});

describe('merging views', () => {
  it('averages probabilities, which can decide for another class than the average of logits', () => {
    const views = [
      [0, 10, 0],
      [4, 0, 0],
      [4, 0, 0],
    ];
    const merger = new ViewMerger(3);
    for (const [clip, logits] of views.entries()) merger.add({ index: 7, clip, crop: 0 }, logits);
    const { probabilities, views: count } = merger.merged(7);
    const share = (logits: readonly number[], place: number) =>
      Math.exp(logits[place] ?? NaN) / logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    for (const place of [0, 1, 2]) {
      const mean = views.reduce((sum, logits) => sum + share(logits, place) / 3, 0);
      expect(probabilities[place]).toBeCloseTo(mean, 14);
    }
    expect(count).toBe(3);
    expect(topK(probabilities, 1)).toEqual([0]);
    expect(topK([8 / 3, 10 / 3, 0], 1)).toEqual([1]);
  });

  it('counts a clip and crop of a video once', () => {
    const merger = new ViewMerger(2);
    expect(merger.add({ index: 0, clip: 1, crop: 12 }, [0, 0])).toBe(true);
    expect(merger.add({ index: 0, clip: 1, crop: 12 }, [9, 0])).toBe(false);
    expect(merger.add({ index: 0, clip: 11, crop: 2 }, [0, 0])).toBe(true);
    expect(merger.add({ index: 1, clip: 1, crop: 12 }, [9, 0])).toBe(true);
    expect(merger.merged(0)).toEqual({ probabilities: Float64Array.of(0.5, 0.5), views: 2 });
    expect(merger.indices).toEqual([0, 1]);
  });

  it('forgets a video whose result is known', () => {
    const merger = new ViewMerger(2);
    merger.add({ index: 3, clip: 0, crop: 0 }, [0, 0]);
    merger.forget(3);
    expect(merger.indices).toEqual([]);
    expect(() => merger.merged(3)).toThrow(/no view of video 3 was added/);
  });

  it('refuses logits that are not finite or too few, and leaves the video as it was', () => {
    const merger = new ViewMerger(2);
    merger.add({ index: 4, clip: 0, crop: 0 }, [0, 0]);
    expect(() => merger.add({ index: 4, clip: 1, crop: 2 }, [0, NaN])).toThrow(
      /logit 1 of video 4, clip 1, crop 2 is NaN/,
    );
    expect(() => merger.add({ index: 4, clip: 1, crop: 2 }, [0])).toThrow(
      /video 4 has a view with 1 logits, expected 2/,
    );
    expect(merger.merged(4).views).toBe(1);
    expect(() => new ViewMerger(0)).toThrow(/classes must be a whole number from 1 on, got 0/);
  });
});

describe('accuracy', () => {
  const meterOf = (classes: number, samples: readonly (readonly [readonly number[], number])[]) => {
    const meter = new ClassificationMeter(classes);
    for (const [scores, label] of samples) meter.add(scores, label);
    return meter;
  };
  /** Scores of six classes in which the given ones come first. */
  const ranking = (...order: readonly number[]) => {
    const scores = [0, 0, 0, 0, 0, 0];
    for (const [place, index] of order.entries()) scores[index] = 10 - place;
    return scores;
  };

  it('is the share of labels that come first, and among the first five', () => {
    const meter = meterOf(6, [
      [ranking(0, 1, 2, 3, 4, 5), 0],
      [ranking(0, 1, 2, 3, 4, 5), 4],
      [ranking(0, 1, 2, 3, 4, 5), 5],
      [ranking(5, 1, 2, 3, 4, 0), 5],
    ]);
    expect([meter.samples, meter.top1, meter.top5]).toEqual([4, 2 / 4, 3 / 4]);
  });

  it('has a mean over classes to which each class counts the same, those without samples not at all', () => {
    const meter = meterOf(3, [
      [[1, 0, 0], 0],
      [[1, 0, 0], 0],
      [[0, 1, 0], 0],
      [[1, 0, 0], 1],
    ]);
    expect(meter.classAccuracies).toEqual([2 / 3, 0, NaN]);
    expect(meter.meanClassAccuracy).toBe(1 / 3);
    expect(meter.top5).toBe(1);
    expect(meter.confusion.map((row) => [...row])).toEqual([
      [2, 1, 0],
      [1, 0, 0],
      [0, 0, 0],
    ]);
  });

  it('is not a number before the first sample', () => {
    const meter = meterOf(2, []);
    expect([meter.samples, meter.top1, meter.top5, meter.meanClassAccuracy]).toEqual([0, NaN, NaN, NaN]);
  });

  it('refuses labels and scores that do not fit', () => {
    expect(() => meterOf(2, [[[0, 1], 2]])).toThrow(/a label must be a whole number from 0 to 1, got 2/);
    expect(() => meterOf(2, [[[0], 0]])).toThrow(/expected 2 scores, got 1/);
  });
});
