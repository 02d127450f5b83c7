import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { memoryTrend } from './shard-memory.ts';

const root = mkdtempSync(join(tmpdir(), 'umt-shard-soak-'));
afterAll(() => rmSync(root, { recursive: true }));

test.each(['rgb', 'jpeg'] as const)('memory stays flat over 20,000 clips from %s shards', async (encoding) => {
  const trend = await memoryTrend(join(root, encoding), encoding, 20_000);
  if (process.env['UMT_REPORT'] === '1') console.log(encoding, JSON.stringify(trend));
  expect(trend.clips).toBe(20_000);
  // Between the two 10,000 clips were made of 700 MB of frames.
  expect(trend.growthMB).toBeLessThan(20);
});
