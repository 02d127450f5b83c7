import { createReferenceEngine, readFloat64 } from '@umt/conformance';
import { random } from '@umt/random';
import { setEngine, tensor } from '@umt/tensor';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { initialize, normal } from '@umt/nn';
import { PatchEmbed, patchVectors, tokenGrid } from '../src/index.ts';

beforeEach(() => setEngine(createReferenceEngine()));

const numbers = (seed: number, length: number) => random({ seed, stream: 'test' }).fillNormal(new Float32Array(length));

const clips = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  frames: fc.integer({ min: 1, max: 3 }),
  rows: fc.integer({ min: 1, max: 3 }),
  columns: fc.integer({ min: 1, max: 3 }),
  tubelet: fc.integer({ min: 1, max: 3 }),
  patch: fc.integer({ min: 1, max: 4 }),
});

describe('patch vectors', () => {
  it('hold the pixels of each tubelet by channel, frame, row and column, tubelets by frame, row and column', () => {
    fc.assert(
      fc.property(clips, ({ batch, frames: t, rows: h, columns: w, tubelet: k, patch: p }) => {
        const [T, H, W] = [t * k, h * p, w * p];
        const video = numbers(1, batch * T * H * W * 3);
        const patches = patchVectors(tensor(video, [batch, T, H, W, 3]), { frames: k, patch: p });
        expect(patches.shape).toEqual([batch, t * h * w, 3 * k * p * p]);
        const expected: number[] = [];
        const axis = (length: number) => Array.from({ length }, (_, index) => index);
        for (const b of axis(batch))
          for (const f of axis(t))
            for (const y of axis(h))
              for (const x of axis(w)) {
                for (const c of axis(3))
                  for (const dt of axis(k))
                    for (const dy of axis(p))
                      for (const dx of axis(p)) {
                        const pixel = ((b * T + f * k + dt) * H + y * p + dy) * W + x * p + dx;
                        expected.push(video[pixel * 3 + c] ?? NaN);
                      }
              }
        expect(Array.from(readFloat64(patches))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it('of chosen tokens are those of all tokens, chosen', () => {
    const video = tensor(numbers(2, 2 * 2 * 8 * 8 * 3), [2, 2, 8, 8, 3]);
    const chosen = [
      [1, 4, 6],
      [7, 0, 3],
    ];
    const all = readFloat64(patchVectors(video, { frames: 1, patch: 4 }));
    const some = readFloat64(
      patchVectors(video, { frames: 1, patch: 4 }, tensor(Int32Array.from(chosen.flat()), [2, 3])),
    );
    const rows = chosen.flatMap((tokens, clip) =>
      tokens.map((token) => all.subarray((clip * 8 + token) * 48, (clip * 8 + token + 1) * 48)),
    );
    expect(Array.from(some)).toEqual(rows.flatMap((row) => Array.from(row)));
  });

  it('need a video that splits into tubelets', () => {
    const video = tensor(new Float32Array(8 * 10 * 3), [1, 1, 8, 10, 3]);
    expect(() => patchVectors(video, { frames: 1, patch: 4 })).toThrow(
      /1 frames of 8x10 does not split into tubelets of 1x4x4/,
    );
    expect(() => patchVectors(tensor(new Float32Array(3), [1, 3]), { frames: 1, patch: 1 })).toThrow(
      /\[B, T, H, W, 3\], got \[1, 3\]/,
    );
    expect(() => tokenGrid({ frames: 3, height: 8, width: 8 }, { frames: 2, patch: 4 })).toThrow(RangeError);
  });
});

describe('patch embedding', () => {
  it('is a Conv3d whose stride is its kernel', () => {
    const embed = new PatchEmbed({ width: 5, frames: 2, patch: 2 });
    initialize(embed, 1, () => normal(1));
    const [weight, bias] = [...embed.parameters().values()].map(({ value }) => readFloat64(value));
    expect([...embed.parameters()].map(([name, { shape }]) => [name, shape])).toEqual([
      ['proj.weight', [5, 3, 2, 2, 2]],
      ['proj.bias', [5]],
    ]);
    const video = numbers(3, 2 * 4 * 2 * 3);
    const tokens = readFloat64(embed.forward(patchVectors(tensor(video, [1, 2, 4, 2, 3]), { frames: 2, patch: 2 })));
    // output d at row y of the grid: the sum over c, dt, dy, dx of weight[d, c, dt, dy, dx] * video[dt, 2 y + dy, dx, c]
    for (const y of [0, 1]) {
      for (let d = 0; d < 5; d++) {
        let expected = bias?.[d] ?? NaN;
        for (let c = 0; c < 3; c++) {
          for (let tap = 0; tap < 8; tap++) {
            const [dt, dy, dx] = [tap >> 2, (tap >> 1) & 1, tap & 1];
            expected +=
              (weight?.[(d * 3 + c) * 8 + tap] ?? NaN) * (video[((dt * 4 + 2 * y + dy) * 2 + dx) * 3 + c] ?? NaN);
          }
        }
        expect(tokens[y * 5 + d]).toBeCloseTo(expected, 10);
      }
    }
  });
});
