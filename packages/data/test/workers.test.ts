import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const CLIPS = path('../../../assets/clips');
const NEEDED = [
  '../dist/worker.node.js',
  '../dist/index.node.js',
  '../../video/dist/index.js',
  '../../random/dist/index.js',
];
const isBuilt = NEEDED.every((file) => existsSync(path(file)));

async function runBuilt(mode: string, workers: number): Promise<string> {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [path('./run-workers.mjs'), mode, String(workers), CLIPS], {
    timeout: 40_000,
  });
  return stdout;
}

describe.skipIf(!isBuilt)(
  `worker threads${isBuilt ? '' : ' (skipped: they run from dist, run pnpm build first)'}`,
  () => {
    test('real clips give the same bits with 0, 1 and 2 threads, and the process ends after close()', async () => {
      const [none, one, two] = await Promise.all([0, 1, 2].map((workers) => runBuilt('whole', workers)));
      const { threads, digest } = JSON.parse(none ?? '');
      expect(threads).toBe(0);
      expect(JSON.parse(one ?? '')).toEqual({ threads: 1, warnings: [], digest });
      expect(JSON.parse(two ?? '')).toEqual({ threads: 2, warnings: [], digest });
    });

    test('a thread that is killed is replaced, which is told, and no bit changes', async () => {
      const [whole, killed] = await Promise.all([runBuilt('whole', 0), runBuilt('kill', 2)]);
      const { digest } = JSON.parse(whole);
      expect(JSON.parse(killed)).toEqual({ threads: 3, warnings: ['UMT_DATA_WORKER'], digest });
    });

    test('idle threads do not keep the process alive', async () => {
      expect(await runBuilt('idle', 1)).toBe('');
    });
  },
);
