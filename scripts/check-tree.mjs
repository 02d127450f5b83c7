// @ts-check
/**
 * The tracked tree speaks of no machine: no absolute path of the one it was written on, no registry's address, and the
 * lockfile holds versions and hashes only.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { conclude } from './check.mjs';
import { run } from './run.mjs';
import { ROOT } from './workspace.mjs';

/** Written so that this file does not match itself. */
const FORBIDDEN = [
  { what: "a machine's own path", pattern: /(?<![\w.~-])\/(?:work|root|Users|home\/[a-z])\/[\w.]/ },
  {
    what: 'an address of a package registry',
    pattern: /\b(?:registry|npm|pypi|files|static|proxy|deb)\.[a-z0-9-]+\.(?:org|com|io|net|dev)\b/,
  },
];
const MEGABYTE = 2 ** 20;

/** @type {string[]} */
const problems = [];
const tracked = (await run('git', ['ls-files', '-z'], { cwd: ROOT })).split('\0').filter((file) => file !== '');
for (const file of tracked) {
  const path = join(ROOT, file);
  if (!existsSync(path)) continue; // deleted, not yet committed
  const { size } = statSync(path);
  if (size > 5 * MEGABYTE) problems.push(`${file} is ${(size / MEGABYTE).toFixed(1)} MB: too large to track`);
  const bytes = readFileSync(path);
  if (bytes.subarray(0, 8000).includes(0)) continue;
  bytes
    .toString('utf8')
    .split('\n')
    .forEach((line, index) => {
      const found = FORBIDDEN.find(({ pattern }) => pattern.test(line));
      if (found) problems.push(`${file}:${index + 1} names ${found.what}`);
    });
}
const lockfile = readFileSync(join(ROOT, 'pnpm-lock.yaml'), 'utf8');
if (/https?:\/\//.test(lockfile))
  problems.push('pnpm-lock.yaml holds an address: it should hold versions and hashes only');
conclude(problems, `${tracked.length} tracked files name no machine and no registry`);
