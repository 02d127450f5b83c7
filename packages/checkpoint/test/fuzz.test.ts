import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';

test.each([
  ['pytorch', 3000],
  ['safetensors', 3000],
] as const)('damaged and made-up files are read or refused, never a crash: %s, %i cases', async (kind, cases) => {
  const report = await fuzz(kind, cases, 1);
  expect(report.slowestSeconds).toBeLessThan(5);
  // It reaches both ends: files that still open, and many ways to be refused.
  expect(report.opened).toBeGreaterThan(cases / 100);
  expect(report.outcomes).toBeGreaterThan(20);
  if (process.env['UMT_REPORT']) console.log(JSON.stringify(report));
});
