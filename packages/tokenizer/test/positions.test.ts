import { createReferenceEngine, readFloat64 } from '@umt/conformance';
import { random } from '@umt/random';
import { setEngine, tensor } from '@umt/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  addPositions,
  bicubicMatrix,
  linearMatrix,
  resizePositionTable,
  resizeVideo,
  sinusoidTable,
} from '../src/index.ts';
import fixture from './fixtures/reference.json' with { type: 'json' };

beforeEach(() => setEngine(createReferenceEngine()));

const PRETRAINING = { frames: 8, rows: 14, columns: 14 };

/** Measured samples and moments of a table, with the tolerance they were printed with. */
function expectTable(table: Float32Array, width: number, expected: (typeof fixture)['pos_1568x768']): void {
  for (const [position = 0, channel = 0, value] of expected['samples[pos,dim,val]']) {
    expect(Math.abs((table[position * width + channel] ?? NaN) - (value ?? NaN))).toBeLessThan(2e-5);
  }
  const sums = table.reduce(([sum, squares], value) => [sum + value, squares + value * value] as const, [
    0, 0,
  ] as readonly [number, number]);
  expect(sums[0] / expected.sum).toBeCloseTo(1, 6);
  expect(sums[1] / expected.sumsq).toBeCloseTo(1, 6);
}

describe('sinusoid position tables', () => {
  it('are those of the reference for pre-training: 1568 positions of width 768', () => {
    expectTable(sinusoidTable(1568, 768), 768, fixture.pos_1568x768);
  });

  it('resize to 384 x 384 pixels as in the reference', () => {
    const table = resizePositionTable(sinusoidTable(1568, 768), 768, PRETRAINING, { frames: 8, rows: 24, columns: 24 });
    expectTable(table, 768, fixture.pos_384res_8f);
  });

  it('resize to 16 frames as in the reference', () => {
    const table = resizePositionTable(sinusoidTable(1568, 1024), 1024, PRETRAINING, { ...PRETRAINING, frames: 16 });
    expectTable(table, 1024, fixture.pos_224res_16f_1024);
  });

  it('must have as many rows as the grid they are resized from', () => {
    expect(() => resizePositionTable(new Float32Array(10), 2, PRETRAINING, PRETRAINING)).toThrow(
      /10 elements are not 8x14x14 positions of width 2/,
    );
  });
});

describe('bicubic resizing', () => {
  it("fits CLIP's 16 x 16 position table to 14 x 14 as in the reference", () => {
    const table = Float32Array.from({ length: 512 }, (_, k) => Math.sin(0.3 * k));
    const resized = resizePositionTable(
      table,
      2,
      { frames: 1, rows: 16, columns: 16 },
      { frames: 1, rows: 14, columns: 14 },
    );
    const { first3, last, sum } = fixture.clip_posembed_256to196;
    for (const [index, value] of first3.data.entries())
      expect(Math.abs((resized[index] ?? NaN) - value)).toBeLessThan(2e-5);
    for (const [index, value] of last.data.entries())
      expect(Math.abs((resized[390 + index] ?? NaN) - value)).toBeLessThan(2e-5);
    expect(Math.abs(resized.reduce((total, value) => total + value, 0) - sum)).toBeLessThan(2e-4);
  });

  it('of a video on the device is that of each channel on the host', () => {
    const video = random({ seed: 1, stream: 'test' }).fillNormal(new Float32Array(2 * 3 * 9 * 7 * 3));
    const resized = readFloat64(resizeVideo(tensor(video, [2, 3, 9, 7, 3]), 5, 8));
    for (let frame = 0; frame < 6; frame++) {
      const image = video.subarray(frame * 9 * 7 * 3, (frame + 1) * 9 * 7 * 3);
      const expected = resizePositionTable(
        image,
        3,
        { frames: 1, rows: 9, columns: 7 },
        { frames: 1, rows: 5, columns: 8 },
      );
      for (const [index, value] of expected.entries()) expect(resized[frame * 120 + index]).toBeCloseTo(value, 5);
    }
  });

  it('keeps what is constant, and a table of the same size', () => {
    for (const make of [bicubicMatrix, linearMatrix]) {
      const { rows } = make(16, 14);
      for (let row = 0; row < 14; row++) {
        expect(rows.subarray(row * 16, row * 16 + 16).reduce((total, weight) => total + weight, 0)).toBeCloseTo(1, 12);
      }
      expect(make(3, 3).rows).toEqual(Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1));
    }
  });

  it('linear: doubles by the quarter and three-quarter points', () => {
    expect(linearMatrix(2, 4).rows).toEqual(Float64Array.of(1, 0, 0.75, 0.25, 0.25, 0.75, 0, 1));
  });
});

describe('adding positions', () => {
  it('gives every token the row of its own position', () => {
    const table = tensor([10, 20, 30, 40, 50, 60], [3, 2]);
    const visible = tensor(Int32Array.of(2, 0), [1, 2]);
    expect(Array.from(readFloat64(addPositions(tensor([1, 2, 3, 4], [1, 2, 2]), table, visible)))).toEqual([
      51, 62, 13, 24,
    ]);
    expect(Array.from(readFloat64(addPositions(tensor([1, 2, 3, 4, 5, 6], [1, 3, 2]), table)))).toEqual([
      11, 22, 33, 44, 55, 66,
    ]);
  });
});
