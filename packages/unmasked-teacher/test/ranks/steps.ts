import { expect } from 'vitest';
import type { Steps } from './stage1.ts';

/** Expects losses within 1e-5, relative, and norms, which add up more rounding, within 1e-4. */
export function expectSteps(actual: Steps, expected: Steps): void {
  expect(actual.length).toBe(expected.length);
  for (const [step, [loss, norm]] of expected.entries()) {
    const [itsLoss = NaN, itsNorm = NaN] = actual[step] ?? [];
    expect(Math.abs(itsLoss / loss - 1), `loss of step ${step}`).toBeLessThan(1e-5);
    expect(Math.abs(itsNorm / norm - 1), `gradient norm of step ${step}`).toBeLessThan(1e-4);
  }
}
