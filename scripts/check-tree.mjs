// @ts-check
/**
 * The tracked tree speaks of no machine: no absolute path of the one it was written on, no registry's address, and the
 * lockfile holds versions and hashes only.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { conclude } from './check.mjs';
import { findLeaks } from './leaks.mjs';
import { run } from './run.mjs';
import { ROOT } from './workspace.mjs';

const MEGABYTE = 2 ** 20;
const LARGEST_FILE = 5 * MEGABYTE;
/** The rules' own sources spell out what they look for. */
const RULES = new Set(['scripts/leaks.mjs', 'scripts/test/leaks.test.ts']);

/** @type {string[]} */
const problems = [];
const tracked = (await run('git', ['ls-files', '-z'], { cwd: ROOT })).split('\0').filter((file) => file !== '');
for (const file of tracked) {
  const path = join(ROOT, file);
  if (!existsSync(path)) continue; // deleted, not yet committed
  const bytes = readFileSync(path);
  if (bytes.length > LARGEST_FILE) {
    problems.push(`${file} is ${(bytes.length / MEGABYTE).toFixed(1)} MB: too large to track`);
  }
  const isBinary = bytes.subarray(0, 8000).includes(0);
  if (isBinary || RULES.has(file)) continue;
  problems.push(...findLeaks(bytes.toString('utf8')).map(({ line, what }) => `${file}:${line} names ${what}`));
}
if (/https?:\/\//.test(readFileSync(join(ROOT, 'pnpm-lock.yaml'), 'utf8'))) {
  problems.push('pnpm-lock.yaml holds an address: it should hold versions and hashes only');
}
conclude(problems, `${tracked.length} tracked files name no machine and no registry`);
