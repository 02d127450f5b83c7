import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dropPathFactors, dropPathRates } from '../src/index.ts';

describe('drop path rates', () => {
  it('rise evenly from 0 in the first block to the full rate in the last', () => {
    expect(dropPathRates(0.2, 5)).toEqual([0, 0.05, 0.1, 0.15000000000000002, 0.2]);
    expect(dropPathRates(0.2, 1)).toEqual([0]);
  });

  it('must leave something', () => {
    expect(() => dropPathRates(1, 12)).toThrow(/rate must be in \[0, 1\), got 1/);
  });
});

describe('drop path factors', () => {
  const rates = dropPathRates(0.4, 3);

  it('are 0 or 1 / keep, always 1 in the first block, and average to 1', () => {
    const batch = 4000;
    const samples = Array.from({ length: batch }, (_, sample) => sample);
    const factors = dropPathFactors({ seed: 1, step: 7, samples, rates });
    for (const [block, rate] of rates.entries()) {
      for (const branch of [0, 1]) {
        const row = factors.subarray((block * 2 + branch) * batch, (block * 2 + branch + 1) * batch);
        const kept = Math.fround(1 / (1 - rate));
        expect(new Set(row)).toEqual(new Set(rate === 0 ? [1] : [0, kept]));
        const dropped = row.filter((factor) => factor === 0).length;
        expect(Math.abs(dropped - rate * batch)).toBeLessThanOrEqual(4 * Math.sqrt(batch * rate * (1 - rate)));
      }
    }
  });

  it('drop the two branches of a block, and two blocks, independently', () => {
    const batch = 4000;
    const samples = Array.from({ length: batch }, (_, sample) => sample);
    const factors = dropPathFactors({ seed: 2, step: 0, samples, rates: [0.5, 0.5] });
    const both = (a: number, b: number) =>
      samples.filter((sample) => factors[a * batch + sample] === 0 && factors[b * batch + sample] === 0).length;
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 3],
    ] as const) {
      expect(Math.abs(both(a, b) - batch / 4)).toBeLessThan(4 * Math.sqrt((batch * 3) / 16));
    }
  });

  it('of a sample do not depend on what else is in the batch', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 6 }), fc.nat(99), (samples, step) => {
        const together = dropPathFactors({ seed: 3, step, samples, rates });
        for (const [column, sample] of samples.entries()) {
          const alone = dropPathFactors({ seed: 3, step, samples: [sample], rates });
          for (const [row, factor] of alone.entries()) expect(together[row * samples.length + column]).toBe(factor);
        }
      }),
    );
  });
});
