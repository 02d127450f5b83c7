import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
// Beside the dependencies, so that the program finds them.
const folder = mkdtempSync(here('../node_modules/.umt-video-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Report {
  readonly before: { readonly memory: number; readonly descriptors: number };
  readonly after: { readonly memory: number; readonly descriptors: number };
  readonly good: number;
  readonly bad: number;
  readonly unhandled: number;
}

describe('five hundred opens of good and broken videos', () => {
  it('leave no memory, file or temporary copy behind', async () => {
    const program = join(folder, 'open-many.mjs');
    await build({
      entryPoints: [here('open-many.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['node-av', 'mediabunny'],
      logLevel: 'silent',
    });
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    // A small nursery: what V8 reserves for young objects is not mistaken for growth.
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--expose-gc', '--max-semi-space-size=1', program, here('fixtures/odd'), '500'],
      { env: { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary } },
    );
    const { before, after, good, bad, unhandled } = JSON.parse(stdout) as unknown as Report;
    expect(good).toBeGreaterThan(300);
    expect(bad).toBeGreaterThan(80);
    expect(unhandled).toBe(0);
    expect(stderr).toBe('');
    // Megabytes. One decoder kept per open would be above a thousand.
    expect(after.memory - before.memory).toBeLessThan(16);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
