import { createReferenceEngine } from '@umt/conformance';
import { random } from '@umt/random';
import { read, readScalar, scope, setEngine, tensor, type Engine } from '@umt/tensor';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { drawVisible, exponentialNoise, isDrawable, visibleCount } from '../src/index.ts';
import fixture from './fixtures/reference.json' with { type: 'json' };
import { chiSquareTail, inclusionProbabilities, inclusionStatistic } from './inclusion.ts';

let engine: Engine;
beforeEach(() => setEngine((engine = createReferenceEngine())));

/** The teacher's class attention of the reference: two clips of two frames with 16 patches. */
const ATTENTION = fixture.attention.data;
const [ROWS, PATCHES, FRAMES, VISIBLE] = [4, 16, 2, visibleCount(16, 0.8)];

describe('drawing visible patches', () => {
  it('inverts to known inclusion probabilities in a case that can be done by hand', () => {
    // weights 1, 2, 3, two drawn: P(first, second) = w1/6 * w2/(6 - w1)
    const { single, pair } = inclusionProbabilities([1, 2, 3], 2);
    const pairOf = (a: number, b: number) => (a / 6) * (b / (6 - a)) + (b / 6) * (a / (6 - b));
    expect(pair[1]).toBeCloseTo(pairOf(1, 2), 12);
    expect(single[0]).toBeCloseTo(pairOf(1, 2) + pairOf(1, 3), 12);
    expect(single.reduce((total, value) => total + value, 0)).toBeCloseTo(2, 12);
  });

  describe('over 20,000 draws on the attention of the reference', () => {
    const DRAWS = 20_000;
    const rowsOf = (row: number) => ATTENTION.slice(row * PATCHES, (row + 1) * PATCHES);

    /** How far counts [4, 16] are from sampling without replacement: the four rows are independent, so they add up. */
    const probabilityOf = (counts: readonly (readonly number[])[]) => {
      const statistics = counts.map((row, index) =>
        inclusionStatistic(row, DRAWS, inclusionProbabilities(rowsOf(index), VISIBLE)),
      );
      return chiSquareTail(
        statistics.reduce((total, statistic) => total + statistic, 0),
        ROWS * (PATCHES - 1),
      );
    };

    /** Counts per row and patch of what `drawVisible` picks with the given noise of a step. */
    const countsOf = async (noiseOf: (step: number, samples: readonly number[]) => Float32Array) => {
      const counts = Array.from({ length: ROWS }, () => Array.from({ length: PATCHES }, () => 0));
      const batch = 1000; // draws per step; each has the two clips
      const attention = tensor(Array.from({ length: batch }, () => ATTENTION).flat(), [batch * ROWS, PATCHES]);
      const samples = Array.from({ length: 2 * batch }, (_, sample) => sample);
      for (let step = 0; step < DRAWS / batch; step++) {
        const noise = tensor(noiseOf(step, samples), [batch * ROWS, PATCHES]);
        const visible = drawVisible(attention, noise, { visiblePerFrame: VISIBLE, frames: FRAMES });
        for (const [index, token] of (await read(visible)).entries()) {
          const clip = Math.floor(index / (FRAMES * VISIBLE)) % 2;
          const row = counts[clip * FRAMES + Math.floor(token / PATCHES)];
          if (row) row[token % PATCHES] = (row[token % PATCHES] ?? 0) + 1;
        }
        noise.dispose();
        visible.dispose();
      }
      return counts;
    };

    it('patches are visible as often as sampling without replacement makes them', async () => {
      const counts = await countsOf((step, samples) => exponentialNoise({ seed: 1, step, samples }, FRAMES * PATCHES));
      expect(counts.map((row) => row.reduce((total, count) => total + count))).toEqual([
        80_000, 80_000, 80_000, 80_000,
      ]);
      expect(probabilityOf(counts)).toBeGreaterThan(0.001);
    });

    it('the same test rejects plain top-k', async () => {
      expect(probabilityOf(await countsOf((_, samples) => new Float32Array(samples.length * 32).fill(1)))).toBeLessThan(
        0.001,
      );
    });

    it.each([
      ['counting patches that come twice twice', false],
      ['counting them once', true],
    ])('the same test rejects sampling with replacement, %s', (_, isSet) => {
      const stream = random({ seed: 1, stream: 'with replacement' });
      const counts = Array.from({ length: ROWS }, (_, row) => {
        const weights = rowsOf(row);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const ofRow = weights.map(() => 0);
        for (let draw = 0; draw < DRAWS; draw++) {
          const picks = Array.from({ length: VISIBLE }, () => {
            let rest = stream.uniform() * total;
            return weights.findIndex((weight) => (rest -= weight) < 0);
          });
          for (const pick of isSet ? new Set(picks) : picks) ofRow[pick] = (ofRow[pick] ?? 0) + 1;
        }
        return ofRow;
      });
      expect(probabilityOf(counts)).toBeLessThan(0.001);
    });
  });

  it('gives every frame its count of distinct tokens of its own, in clip order', async () => {
    const shapes = fc.record({
      batch: fc.integer({ min: 1, max: 3 }),
      frames: fc.integer({ min: 1, max: 3 }),
      patches: fc.integer({ min: 1, max: 12 }),
      seed: fc.nat(999),
    });
    await fc.assert(
      fc.asyncProperty(
        shapes,
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        async ({ batch, frames, patches, seed }, ratio) => {
          const stream = random({ seed, stream: 'attention' });
          const attention = stream
            .fillUniform(new Float32Array(batch * frames * patches))
            .map((weight) => (weight < 0.3 ? 0 : weight));
          const samples = Array.from({ length: batch }, (_, sample) => sample);
          const noise = exponentialNoise({ seed, step: 1, samples }, frames * patches);
          const visiblePerFrame = visibleCount(patches, ratio);
          const visible = drawVisible(
            tensor(attention, [batch * frames, patches]),
            tensor(noise, [batch * frames, patches]),
            { visiblePerFrame, frames },
          );
          expect([visible.dtype, visible.shape]).toEqual(['int32', [batch, frames * visiblePerFrame]]);
          const tokens = await read(visible);
          for (let frame = 0; frame < batch * frames; frame++) {
            const own = Array.from(tokens.subarray(frame * visiblePerFrame, (frame + 1) * visiblePerFrame), Number);
            expect([...new Set(own)].sort((a, b) => a - b)).toEqual(own);
            const first = (frame % frames) * patches;
            for (const token of own) expect(token >= first && token < first + patches).toBe(true);
            // zeros come last: none is visible while a positive weight is hidden
            const weights = attention.subarray(frame * patches, (frame + 1) * patches);
            const zeros = own.filter((token) => weights[token - first] === 0).length;
            expect(zeros).toBe(Math.max(0, visiblePerFrame - weights.filter((weight) => weight > 0).length));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('draws the same for a sample whatever else is in its batch, and anew for each step', () => {
    const together = exponentialNoise({ seed: 1, step: 5, samples: [7, 3] }, 6);
    expect(together.subarray(6)).toEqual(exponentialNoise({ seed: 1, step: 5, samples: [3] }, 6));
    expect(together.subarray(6)).not.toEqual(exponentialNoise({ seed: 1, step: 6, samples: [3] }, 6));
    expect(Math.min(...together)).toBeGreaterThan(0);
  });

  it('leaves nothing on the device but the tokens', () => {
    const [attention, noise] = [tensor(ATTENTION, [4, 16]), tensor(ATTENTION, [4, 16])];
    const before = engine.memory().tensors;
    drawVisible(attention, noise, { visiblePerFrame: 4, frames: 2 });
    expect(engine.memory().tensors).toBe(before + 1);
  });

  it('says what does not fit', () => {
    const attention = tensor(ATTENTION, [4, 16]);
    const noise = tensor(ATTENTION, [2, 32]);
    expect(() => drawVisible(attention, noise, { visiblePerFrame: 4, frames: 2 })).toThrow(
      /attention \[4, 16\] and noise \[2, 32\]/,
    );
    expect(() => drawVisible(attention, attention, { visiblePerFrame: 4, frames: 3 })).toThrow(
      /4 frames does not split into clips of 3/,
    );
    expect(() => drawVisible(attention, attention, { visiblePerFrame: 17, frames: 2 })).toThrow(
      /17 visible patches per frame, where a frame has 16/,
    );
  });
});

describe('whether attention can be drawn from', () => {
  it.each([
    ['positive weights', [0.1, 0.2, 0.3, 0.4], 1],
    ['some zeros', [0, 0.2, 0.3, 0], 1],
    ['a row of zeros', [0.1, 0.2, 0, 0], 0],
    ['a weight that is not a number', [0.1, NaN, 0.3, 0.4], 0],
    ['an infinite weight', [0.1, Infinity, 0.3, 0.4], 0],
  ])('is answered on the device for %s', async (_, weights, expected) => {
    const answer = scope(() => isDrawable(tensor(weights, [2, 2])));
    expect([answer.dtype, answer.shape]).toEqual(['bool', []]);
    expect(await readScalar(answer)).toBe(expected);
  });
});
