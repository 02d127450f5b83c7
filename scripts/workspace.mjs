// @ts-check
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * @typedef {string | { readonly [condition: string]: ExportTarget }} ExportTarget
 *
 * @typedef {object} Manifest what these scripts read of a package.json
 * @property {string} name
 * @property {string} version
 * @property {string} description
 * @property {boolean} [private]
 * @property {{ readonly [path: string]: ExportTarget }} [exports]
 * @property {{ readonly [name: string]: string }} [bin]
 * @property {{ readonly [name: string]: string }} [dependencies]
 * @property {{ readonly [name: string]: string }} [peerDependencies]
 * @property {{ readonly [name: string]: { readonly optional?: boolean } }} [peerDependenciesMeta]
 *
 * @typedef {object} Package
 * @property {string} name
 * @property {string} dir absolute
 * @property {Manifest} manifest
 */

/**
 * Every package under packages/, sorted by name.
 * @returns {readonly Package[]}
 */
export function allPackages() {
  const folder = join(ROOT, 'packages');
  return readdirSync(folder)
    .map((entry) => join(folder, entry))
    .filter((dir) => existsSync(join(dir, 'package.json')))
    .map((dir) => {
      /** @type {Manifest} */
      const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
      return { name: manifest.name, dir, manifest };
    });
}

/**
 * The packages that are published.
 * @returns {readonly Package[]}
 */
export function publicPackages() {
  return allPackages().filter(({ manifest }) => manifest.private !== true);
}

/**
 * The file an `exports` target names under the given conditions, as Node and bundlers pick it: the first that matches.
 * @param {ExportTarget} target
 * @param {readonly string[]} conditions
 * @returns {string | undefined}
 */
export function resolveTarget(target, conditions) {
  if (typeof target === 'string') return target;
  for (const [condition, next] of Object.entries(target)) {
    if (condition !== 'default' && !conditions.includes(condition)) continue;
    const found = resolveTarget(next, conditions);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The source that an `exports` target is built from: './dist/node/index.js' is 'src/node/index.ts'.
 * @param {string} dir the package's folder
 * @param {ExportTarget} target
 * @param {readonly string[]} conditions
 * @returns {string} absolute
 */
export function sourceOf(dir, target, conditions) {
  const file = resolveTarget(target, conditions);
  if (file === undefined) throw new Error(`${dir}/package.json: no export for the conditions ${conditions.join(', ')}`);
  return join(dir, file.replace(/^\.\/dist\/(.+)\.js$/, 'src/$1.ts'));
}
