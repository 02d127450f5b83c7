// @ts-check
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';
import { ROOT } from './workspace.mjs';

/** The Node majors every package runs on. */
export const NODE_MAJORS = [20, 22, 24, 26];

/**
 * A Node of the given major: the running one where it fits, else the newest that the registry's node-<platform>-<arch>
 * package holds, kept under node_modules/.cache.
 * @param {number} major
 * @returns {Promise<string>} path of the executable
 */
export async function nodeOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const folder = join(ROOT, 'node_modules/.cache/node', String(major));
  const binary = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${major}`], { cwd: folder });
  }
  return binary;
}
