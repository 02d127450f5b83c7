import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameMeanAveragePrecision, type Box, type FrameDetection } from '../src/index.ts';
import { averagePrecision } from '../src/average-precision.ts';
import { roundToFiveDecimals } from '../src/round.ts';
import { FRAME_MAP } from './fixtures.ts';

const NO_BOX: readonly number[] = [];
function flat(
  frames: Readonly<
    Record<
      string,
      {
        readonly boxes: readonly (readonly number[])[];
        readonly classes: readonly number[];
        readonly scores?: readonly number[];
      }
    >
  >,
): readonly FrameDetection[] {
  return Object.entries(frames).flatMap(([frame, { boxes, classes, scores = NO_BOX }]) =>
    boxes.map(([y1 = NaN, x1 = NaN, y2 = NaN, x2 = NaN], row) => ({
      frame,
      box: [x1, y1, x2, y2] as const,
      classId: classes[row] ?? NaN,
      score: scores[row] ?? NaN,
    })),
  );
}
const groundTruth = flat(FRAME_MAP.groundTruth);
const detections = flat(FRAME_MAP.detections);
const { classes } = FRAME_MAP;

const PERSON: Box = [0.1, 0.1, 0.5, 0.5];
const found = (score: number, box: Box = PERSON, frame = 'f') => ({ frame, box, classId: 1, score });
const precision = (truth: readonly Box[], detected: readonly FrameDetection[]) =>
  frameMeanAveragePrecision({
    groundTruth: truth.map((box) => ({ frame: 'f', box, classId: 1 })),
    detections: detected,
    classes: [1],
  }).meanAveragePrecision;

describe('frame mAP', () => {
  it("gives what AVA's evaluation gives", () => {
    const result = frameMeanAveragePrecision({ groundTruth, detections, classes });
    expect(result.meanAveragePrecision).toBeCloseTo(FRAME_MAP.meanAveragePrecision, 14);
    expect(Object.fromEntries(result.averagePrecision)).toEqual({
      1: expect.closeTo(FRAME_MAP.averagePrecision[1], 14),
      3: expect.closeTo(FRAME_MAP.averagePrecision[3], 14),
      4: null,
    });
  });

  it('leaves out classes that are not evaluated and excluded frames, on both sides', () => {
    const onlyFirst = frameMeanAveragePrecision({ groundTruth, detections, classes: [1] });
    expect(onlyFirst.meanAveragePrecision).toBeCloseTo(FRAME_MAP.averagePrecision[1], 14);
    const excludedFrames = new Set(['v,0904', 'v,0905']);
    const third = frameMeanAveragePrecision({ groundTruth, detections, classes: [3], excludedFrames });
    // one box in v,0902; the higher of two detections misses it
    expect(third.meanAveragePrecision).toBeCloseTo(1 / 2, 14);
    expect(frameMeanAveragePrecision({ groundTruth, detections, classes: [4] }).meanAveragePrecision).toBeNaN();
  });

  it('counts a class with people and no detection as 0', () => {
    expect(precision([PERSON], [])).toBe(0);
  });

  it('takes an overlap of one half, and lets a person be found once', () => {
    expect(precision([[0, 0, 0.5, 0.5]], [found(0.9, [0, 0, 0.5, 0.25])])).toBe(1);
    expect(precision([[0, 0, 0.5, 0.5]], [found(0.9, [0, 0, 0.5, 0.2499])])).toBe(0);
    expect(precision([PERSON, [0.6, 0.6, 0.9, 0.9]], [found(0.9), found(0.8), found(0.7, [0.6, 0.6, 0.9, 0.9])])).toBe(
      (1 + 2 / 3) / 2,
    );
  });

  it('gives a detection no second choice where its nearest person is taken', () => {
    const beside: Box = [0.1, 0.1, 0.5, 0.55];
    expect(precision([PERSON, beside], [found(0.9), found(0.8)])).toBe(0.5);
  });

  it('rounds corners and scores to five decimals first, and drops boxes that have no area then', () => {
    // equal after rounding: the frame that came later is first, and that misses
    expect(precision([PERSON], [found(0.500001), found(0.500004, PERSON, 'g')])).toBe(0.5);
    expect(precision([PERSON], [found(0.500006), found(0.500004, PERSON, 'g')])).toBe(1);
    expect(precision([PERSON], [found(0.50001), found(0.5, [0.7, 0.7, 0.9, 0.9])])).toBe(1);
    expect(precision([PERSON], [found(0.9, [0.7, 0.7, 0.700004, 0.9]), found(0.5)])).toBe(1);
    expect(precision([PERSON], [found(-0.1)])).toBe(0);
  });

  it('does not depend on the order of detections with different scores', () => {
    const scores = fc.uniqueArray(fc.integer({ min: 1, max: 9999 }), { minLength: 2, maxLength: 12 });
    const corner = fc.integer({ min: 0, max: 9 });
    fc.assert(
      fc.property(scores, fc.array(fc.tuple(corner, corner), { minLength: 12, maxLength: 12 }), (drawn, corners) => {
        const made = drawn.map((score, row): FrameDetection => {
          const [x = 0, y = 0] = corners[row] ?? [];
          return found(score / 1e4, [x / 20, y / 20, x / 20 + 0.4, y / 20 + 0.4], `f${row % 2}`);
        });
        const of = (list: readonly FrameDetection[]) =>
          frameMeanAveragePrecision({ groundTruth: made.slice(0, 3), detections: list, classes: [1] });
        expect(of([...made].reverse())).toEqual(of(made));
      }),
      { numRuns: 200 },
    );
  });

  it('refuses what is no box or no score', () => {
    expect(() => precision([PERSON], [found(NaN)])).toThrow(/a score in frame f is NaN, not finite/);
    expect(() => precision([[0, 0, NaN, 1]], [])).toThrow(/a box in frame f is \[0, 0, NaN, 1\]/);
  });
});

describe('average precision', () => {
  it('is the area below the curve whose precision was made non-increasing', () => {
    // precision 1, 1/2, 2/3, 3/4 at recall 1/4, 1/4, 2/4, 3/4
    expect(averagePrecision([true, false, true, true], 4)).toBeCloseTo((1 + 3 / 4 + 3 / 4) / 4, 14);
    expect(averagePrecision([], 2)).toBe(0);
  });
});

describe('rounding to five decimals', () => {
  it('is half to even on the exact value, as C and Python print it', () => {
    // printed by Python: '%.5f' % x
    const printed: readonly (readonly [number, number])[] = [
      [0.015625, 0.01562],
      [0.046875, 0.04688],
      [0.078125, 0.07812],
      [0.984375, 0.98438],
      [1.015625, 1.01562],
      [0.000005, 0.00001],
      [0.000015, 0.00002],
      [0.123455, 0.12345],
      [0.5, 0.5],
      [1, 1],
      [-0.015625, -0.01562],
    ];
    for (const [x, expected] of printed) expect(roundToFiveDecimals(x)).toBe(expected);
  });

  it('moves no number by more than half a unit, and moves rounded ones no more', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (x) => {
        const rounded = roundToFiveDecimals(x);
        expect(Math.abs(rounded - x)).toBeLessThanOrEqual(5.000001e-6);
        expect(roundToFiveDecimals(rounded)).toBe(rounded);
      }),
    );
  });
});
