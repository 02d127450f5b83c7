import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BOMBS } from './bombs.ts';

/** Reads a file and says what came of it, in its own process: what this one holds would hide what that takes. */
const CHILD = `
import { readFileSync } from 'node:fs';
import { openCheckpoint } from ${JSON.stringify(fileURLToPath(new URL('../src/index.node.ts', import.meta.url)))};
// Linux counts a parent's memory in maxRSS.
const peak = () => {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1000;
  return Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))[1]) / 1000;
};
let message = '';
const start = performance.now();
try {
  const file = await openCheckpoint(process.argv[2]);
  for (const name of [...file.tensors.keys()].slice(0, 3)) await file.read(name);
} catch (error) {
  message = error.name + ' ' + error.message;
}
const seconds = (performance.now() - start) / 1000;
console.log(JSON.stringify({ message, seconds, megabytes: peak() }));
`;

interface Outcome {
  readonly message: string;
  readonly seconds: number;
  readonly megabytes: number;
}

/** Tests, each with a process of its own, that files take neither much memory nor much time. */
export function testBombs(names: readonly string[]): void {
  let folder: string;
  let plain: Outcome;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'checkpoint-bombs-'));
    await build({
      stdin: { contents: CHILD, resolveDir: folder },
      ...{ bundle: true, platform: 'node', format: 'esm', outfile: join(folder, 'child.mjs'), logLevel: 'error' },
    });
    plain = await read('a proper file');
  });

  afterAll(() => rm(folder, { recursive: true }));

  async function read(bomb: string): Promise<Outcome> {
    const path = join(folder, 'bomb.pth');
    await writeFile(path, BOMBS[bomb]?.() ?? new Uint8Array(0));
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'child.mjs'), path], {
      timeout: 50_000,
    });
    return JSON.parse(stdout) as Outcome;
  }

  test('a proper file is read', () => {
    expect(plain.message).toBe('');
  });

  test.each(names)('%s: at most one line, 100 MB and a few seconds', async (bomb) => {
    const { message, seconds, megabytes } = await read(bomb);
    expect(message).toMatch(/^$|^CheckpointError [^\n]*bomb\.pth: [^\n]+$/);
    expect(megabytes - plain.megabytes).toBeLessThan(100);
    expect(seconds).toBeLessThan(15);
    if (process.env['UMT_REPORT'])
      console.log(
        `${bomb}: ${megabytes.toFixed(0)} MB (+${(megabytes - plain.megabytes).toFixed(0)}), ${seconds.toFixed(2)} s, ${message}`,
      );
  });
}
