import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { memoryTrend } from './shard-memory.ts';

const root = mkdtempSync(join(tmpdir(), 'umt-shard-memory-'));
afterAll(() => rmSync(root, { recursive: true }));

test('what is held does not grow with the clips that were read (20,000 in the long test)', async () => {
  const { usedMB } = await memoryTrend(join(root, 'rgb'), 'rgb', 800);
  // Between the two quarters 28 MB of frames are read.
  expect(Math.min(...usedMB.slice(12)) - Math.min(...usedMB.slice(4, 8))).toBeLessThan(8);
});
