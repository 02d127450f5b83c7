import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryTrend } from './shard-memory.ts';

const root = mkdtempSync(join(tmpdir(), 'umt-shard-memory-'));
beforeAll(() => {
  setFlagsFromString('--expose-gc');
  globalThis.gc = runInNewContext('gc') as NonNullable<typeof globalThis.gc>;
});
afterAll(() => rmSync(root, { recursive: true }));

test('what is held does not grow with the clips that were read (20,000 in the long test)', async () => {
  const { usedMB } = await memoryTrend(join(root, 'rgb'), 'rgb', 800);
  // The second half alone is 50 MB of frames.
  expect((usedMB.at(-1) ?? 0) - (usedMB[8] ?? 0)).toBeLessThan(8);
});
