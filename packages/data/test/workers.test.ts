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
      expect(JSON.parse(one ?? '')).toEqual({ threads: 1, digest });
      expect(JSON.parse(two ?? '')).toEqual({ threads: 2, digest });
    });

    test('a thread that is killed is reported', async () => {
      expect(JSON.parse(await runBuilt('kill', 2))).toEqual({
        name: 'DataWorkerError',
        message: expect.stringMatching(/^data worker 1 of 2 died: it ended with exit code \d+$/),
      });
    });

    test('idle threads do not keep the process alive', async () => {
      expect(await runBuilt('idle', 1)).toBe('');
    });
  },
);
