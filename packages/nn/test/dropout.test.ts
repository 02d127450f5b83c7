import { describe, expect, it } from 'vitest';
import { dropoutFactors } from '../src/index.ts';

describe('dropout factors', () => {
  const samples = Array.from({ length: 100 }, (_, sample) => sample);

  it('are 0 or 1 / keep, as often as the rate says', () => {
    const factors = dropoutFactors({ seed: 1, step: 2, samples, width: 50, rate: 0.3 });
    expect(new Set(factors)).toEqual(new Set([0, Math.fround(1 / 0.7)]));
    const dropped = factors.filter((factor) => factor === 0).length;
    expect(Math.abs(dropped - 0.3 * 5000)).toBeLessThan(4 * Math.sqrt(5000 * 0.3 * 0.7));
    expect(new Set(dropoutFactors({ seed: 1, step: 2, samples, width: 50, rate: 0 }))).toEqual(new Set([1]));
  });

  it('of a sample do not depend on what else is in the batch, and change with the step', () => {
    const draw = (step: number, of: readonly number[]) =>
      dropoutFactors({ seed: 1, step, samples: of, width: 50, rate: 0.5 });
    expect(draw(2, samples).subarray(350, 400)).toEqual(draw(2, [7]));
    expect(draw(3, [7])).not.toEqual(draw(2, [7]));
  });

  it('must leave something', () => {
    expect(() => dropoutFactors({ seed: 1, step: 0, samples, width: 1, rate: 1 })).toThrow(
      /must be in \[0, 1\), got 1/,
    );
  });
});
