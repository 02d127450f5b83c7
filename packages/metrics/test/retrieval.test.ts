import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerAccuracy, retrievalRecall } from '../src/index.ts';

/** n videos with one text each. */
const oneTextEach = (n: number) => ({ texts: n, textsOfVideo: Array.from({ length: n }, (_, video) => [video]) });

describe('retrieval recall', () => {
  it('is the share of queries whose own is among the first 1, 5 and 10, in both directions', () => {
    // video v likes text t by -|v + shift - t|: its own text is 3.1 from the best
    const n = 40;
    const scores = Array.from({ length: n * n }, (_, place) => -Math.abs(Math.floor(place / n) + 3.1 - (place % n)));
    const { videoToText, textToVideo, mean } = retrievalRecall({ videoToText: scores, ...oneTextEach(n) });
    // nearer are the six texts v + 1 .. v + 6, of which the last videos have fewer
    expect(videoToText.r1).toBe(1 / 40);
    expect(videoToText.r10).toBe(1);
    expect(videoToText.r5).toBe(5 / 40);
    expect(textToVideo.r1).toBe(1 / 40);
    expect(textToVideo.r5).toBe(5 / 40);
    expect(videoToText.mean).toBeCloseTo((1 / 40 + 5 / 40 + 1) / 3, 14);
    expect(mean).toBeCloseTo((videoToText.mean + textToVideo.mean) / 2, 14);
  });

  it('lets the later of equal scores come first', () => {
    const tied = retrievalRecall({ videoToText: [1, 1, 1, 1], ...oneTextEach(2) });
    expect(tied.videoToText.r1).toBe(1 / 2); // the second text comes first for both videos
    expect(tied.videoToText.r5).toBe(1);
  });

  it('finds a video with several texts by any of them, and asks each text for itself', () => {
    // texts 0 and 1 describe video 0, text 2 describes video 1
    const { videoToText, textToVideo } = retrievalRecall({
      videoToText: [0.1, 0.9, 0.2, 0.8, 0.3, 0.4],
      texts: 3,
      textsOfVideo: [[0, 1], [2]],
    });
    expect(videoToText.r1).toBe(1 / 2);
    expect(textToVideo.r1).toBe(2 / 3); // text 0 prefers video 1
  });

  it('finds a text with several videos by any of them', () => {
    const { videoToText, textToVideo } = retrievalRecall({
      videoToText: [0.9, 0.1, 0.2, 0.8, 0.3, 0.7],
      texts: 2,
      textsOfVideo: [[0], [0], [1]],
    });
    expect(textToVideo.r1).toBe(1 / 2); // video 0 is first for text 0; video 1 for text 1
    expect(videoToText.r1).toBe(2 / 3);
  });

  it('takes the scores of re-ranking for the other direction', () => {
    const { textToVideo } = retrievalRecall({
      videoToText: [0, 1, 1, 0],
      textToVideo: [1, 0, 0, 1],
      ...oneTextEach(2),
    });
    expect(textToVideo.r1).toBe(1);
  });

  it('agrees with sorting ascending, reversed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.integer({ min: 0, max: 6 })), (n, stream) => {
        const scores = [...stream.take(n * n)];
        const ranks = Array.from({ length: n }, (_, row) => {
          const order = Array.from({ length: n }, (_, column) => column);
          order.sort((a, b) => (scores[row * n + a] ?? 0) - (scores[row * n + b] ?? 0));
          return order.reverse().indexOf(row);
        });
        const { r1, r5, r10 } = retrievalRecall({ videoToText: scores, ...oneTextEach(n) }).videoToText;
        const share = (k: number) => ranks.filter((rank) => rank < k).length / n;
        expect([r1, r5, r10]).toEqual([share(1), share(5), share(10)]);
      }),
    );
  });

  it('refuses sizes that disagree, scores that are not numbers, and what belongs to nothing', () => {
    expect(() => retrievalRecall({ videoToText: [1, 2, 3], ...oneTextEach(2) })).toThrow(
      /3 scores for 2 videos and 2 candidates/,
    );
    expect(() => retrievalRecall({ videoToText: [1, NaN, 3, 4], ...oneTextEach(2) })).toThrow(
      /the score of video 0 and candidate 1 is not a number/,
    );
    expect(() => retrievalRecall({ videoToText: [1, 2], texts: 2, textsOfVideo: [[0]] })).toThrow(
      /nothing belongs to text 1/,
    );
    expect(() => retrievalRecall({ videoToText: [1, 2], texts: 2, textsOfVideo: [[0, 2]] })).toThrow(
      /video 0 names text 2; there are 2 texts/,
    );
  });
});

describe('answer accuracy', () => {
  it('counts answers that are equal character for character; a missing one is wrong', () => {
    const answers = new Map<number | string, string>([
      [1, 'cat'],
      ['q2', 'two'],
      [3, 'red'],
      [4, 'Dog'],
    ]);
    const predictions = new Map<number | string, string>([
      [1, 'cat'],
      ['q2', 'two '],
      [4, 'dog'],
      [99, 'unasked'],
    ]);
    expect(answerAccuracy(answers, predictions)).toEqual({ accuracy: 1 / 4, correct: 1, questions: 4, missing: 1 });
  });

  it('has nothing to say without questions', () => {
    expect(() => answerAccuracy(new Map(), new Map())).toThrow(/there is no question/);
  });
});
