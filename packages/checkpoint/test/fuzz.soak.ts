import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';

test.each([
  ['pytorch', 1_000_000],
  ['safetensors', 1_000_000],
] as const)('damaged and made-up files are read or refused, never a crash: %s, %i cases', async (kind, cases) => {
  const start = performance.now();
  const report = await fuzz(kind, cases, 20261123);
  console.log(`${kind}: ${JSON.stringify(report)} in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  expect(report.slowestSeconds).toBeLessThan(5);
  expect(report.opened).toBeGreaterThan(cases / 100);
});
