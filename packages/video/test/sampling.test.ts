import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  roundHalfToEven,
  sampleDenseTest,
  sampleDenseTrain,
  sampleDenseVal,
  sampleDenseValAsReleased,
  sampleKeyFrameWindow,
  samplePretrainDense,
  sampleSegmentsTest,
  sampleSegmentsTrain,
  sampleSegmentsVal,
  sampleSparseTest,
  sampleSparseTrain,
  sampleSparseVal,
  VideoError,
} from '../src/index.node.ts';

/** Indices that the reference implementation returned. */
interface Reference {
  readonly sparse_val: Record<string, number[]>;
  readonly sparse_test_seg4: Record<string, number[][]>;
  readonly sparse_test_seg4_T16_V300: number[][];
  readonly ssv2_test_two_clips_T8: Record<string, number[][]>;
  readonly mae_dense_16x4: Record<string, number[]>;
  readonly kinetics_dense_16x4: Record<string, number[]>;
  readonly ava_temporal_crop_8x8: Record<string, number[]>;
}

const reference = JSON.parse(
  readFileSync(new URL('fixtures/sampling.json', import.meta.url), 'utf8'),
) as unknown as Reference;

const frameCountOf = (name: string): number => Number(/V(\d+)/.exec(name)?.[1]);

describe('indices of the reference', () => {
  it('sparse validation', () => {
    for (const [name, expected] of Object.entries(reference.sparse_val)) {
      expect(sampleSparseVal({ frameCount: frameCountOf(name), frames: 8 }), name).toEqual(expected);
    }
  });

  it('sparse test, four clips of 8 and of 16 frames', () => {
    for (const [name, expected] of Object.entries(reference.sparse_test_seg4)) {
      const shape = { frameCount: frameCountOf(name), frames: 8 };
      const clips = expected.map((_, clip) => sampleSparseTest(shape, { clip, clips: 4 }));
      expect(clips, name).toEqual(expected);
    }
    const long = reference.sparse_test_seg4_T16_V300.map((_, clip) =>
      sampleSparseTest({ frameCount: 300, frames: 16 }, { clip, clips: 4 }),
    );
    expect(long).toEqual(reference.sparse_test_seg4_T16_V300);
  });

  it('something-something test, two clips', () => {
    for (const [name, expected] of Object.entries(reference.ssv2_test_two_clips_T8)) {
      const shape = { frameCount: frameCountOf(name), frames: 8 };
      const clips = expected.map((_, clip) => sampleSegmentsTest(shape, { clip, clips: 2 }));
      expect(clips, name).toEqual(expected);
    }
  });

  it('dense pre-training', () => {
    const shape = { frames: 16, rate: 4 };
    expect(samplePretrainDense({ ...shape, frameCount: 100 }, () => 39)).toEqual(
      reference.mae_dense_16x4['n100_start40(1-based)'],
    );
    const undrawn = () => Number.NaN;
    expect(samplePretrainDense({ ...shape, frameCount: 50 }, undrawn)).toEqual(reference.mae_dense_16x4['n50_start1']);
  });

  it('dense fine-tuning: training, validation as released, short video', () => {
    const expected = reference.kinetics_dense_16x4;
    const shape = { frameCount: 300, frames: 16, rate: 4 };
    expect(sampleDenseTrain(shape, () => 200)).toEqual(expected['train_L300_end200']);
    expect(sampleDenseValAsReleased(shape)).toEqual(expected['val_L300']);
    expect(sampleDenseVal({ ...shape, frameCount: 30 })).toEqual(expected['short_L30']);
    expect(sampleDenseTrain({ ...shape, frameCount: 30 }, () => 0)).toEqual(expected['short_L30']);
  });

  it('action detection: centre window, and uniform over everything', () => {
    const expected = reference.ava_temporal_crop_8x8;
    expect(sampleKeyFrameWindow({ frameCount: 300, frames: 8, rate: 8 })).toEqual(expected['--sparse, 300 raw frames']);
    expect(sampleSegmentsVal({ frameCount: 64, frames: 8 })).toEqual(expected['no --sparse, 64 raw frames']);
  });
});

describe('random draws', () => {
  it('asks each segment of pre-training for its own range and adds the segment start', () => {
    const asked: [number, number][] = [];
    const indices = sampleSegmentsTrain({ frameCount: 83, frames: 8 }, (low, high) => {
      asked.push([low, high]);
      return high;
    });
    expect(asked).toEqual(Array.from({ length: 8 }, () => [0, 9]));
    expect(indices).toEqual([9, 19, 29, 39, 49, 59, 69, 79]);
  });

  it('spreads a video shorter than the clip instead of repeating its first frame', () => {
    const undrawn = () => Number.NaN;
    expect(sampleSegmentsTrain({ frameCount: 3, frames: 8 }, undrawn)).toEqual([0, 0, 0, 1, 1, 1, 2, 2]);
  });

  it('asks sparse training for inclusive ranges with borders rounded half to even', () => {
    const asked: [number, number][] = [];
    // (21 - 1) / 8 = 2.5: borders 0, 2.5, 5, 7.5, ... round to 0, 2, 5, 8, 10, 12, 15, 18, 20
    const indices = sampleSparseTrain({ frameCount: 21, frames: 8 }, (low, high) => {
      asked.push([low, high]);
      return high;
    });
    expect(asked.map(([low]) => low)).toEqual([0, 2, 5, 8, 10, 12, 15, 18]);
    expect(indices).toEqual([2, 5, 8, 10, 12, 15, 18, 20]);
  });

  it('draws the end of a dense window from span to the last frame', () => {
    let asked: readonly number[] = [];
    sampleDenseTrain({ frameCount: 300, frames: 16, rate: 4 }, (...range) => {
      asked = range;
      return range[0];
    });
    expect(asked).toEqual([64, 299]);
  });
});

describe('properties', () => {
  const shapes = fc.record({
    frameCount: fc.integer({ min: 1, max: 2000 }),
    frames: fc.integer({ min: 1, max: 32 }),
    rate: fc.integer({ min: 1, max: 12 }),
  });
  const draws = fc.func(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));

  it('every sampler returns the asked number of existing, ordered frames', () => {
    fc.assert(
      fc.property(shapes, draws, fc.integer({ min: 1, max: 5 }), (shape, draw, clips) => {
        const randomInt = (low: number, high: number) => low + Math.floor(draw(low, high) * (high - low + 1));
        const last = { clip: clips - 1, clips };
        const samples = [
          sampleSegmentsTrain(shape, randomInt),
          sampleSegmentsVal(shape),
          sampleSegmentsTest(shape, last),
          sampleSparseTrain(shape, randomInt),
          sampleSparseVal(shape),
          sampleSparseTest(shape, last),
          samplePretrainDense(shape, randomInt),
          sampleDenseTrain(shape, randomInt),
          sampleDenseVal(shape),
          sampleDenseTest(shape, last),
          sampleKeyFrameWindow(shape),
        ];
        for (const indices of samples) {
          expect(indices).toHaveLength(shape.frames);
          indices.forEach((index, i) => {
            expect(Number.isInteger(index)).toBe(true);
            expect(index).toBeGreaterThanOrEqual(i === 0 ? 0 : (indices[i - 1] ?? 0));
            expect(index).toBeLessThan(shape.frameCount);
          });
        }
        for (const index of sampleDenseValAsReleased(shape)) {
          expect(index).toBeGreaterThanOrEqual(0);
          expect(index).toBeLessThan(shape.frameCount);
        }
      }),
    );
  });

  it('dense validation is centred to within one frame', () => {
    const indices = sampleDenseVal({ frameCount: 300, frames: 16, rate: 4 });
    expect([indices[0], indices[15]]).toEqual([118, 181]);
  });

  it('dense test clips reach from the first frame to the last window', () => {
    const shape = { frameCount: 100, frames: 8, rate: 4 };
    expect(sampleDenseTest(shape, { clip: 0, clips: 4 })[0]).toBe(0);
    expect(sampleDenseTest(shape, { clip: 3, clips: 4 })).toEqual([68, 72, 76, 80, 84, 88, 92, 96]);
    expect(sampleDenseTest({ ...shape, frameCount: 10 }, { clip: 1, clips: 2 })).toEqual([0, 4, 8, 8, 8, 8, 8, 8]);
  });

  it('rounds ties to the even neighbour', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4, 2.6].map(roundHalfToEven).map((x) => x + 0)).toEqual([
      0, 2, 2, 0, -2, 2, 3,
    ]);
  });
});

it('names the field that is wrong', () => {
  expect(() => sampleSparseVal({ frameCount: 0, frames: 8 })).toThrow(
    new VideoError('bad-argument', 'sampling: frameCount must be a positive whole number, got 0'),
  );
  expect(() => sampleSparseTest({ frameCount: 9, frames: 8 }, { clip: 4, clips: 4 })).toThrow(/clip 4 of 4/);
});
