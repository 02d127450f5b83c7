// @ts-check
import { build } from 'esbuild';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { allPackages, resolveTarget, sourceOf } from './workspace.mjs';

/** @typedef {import('./workspace.mjs').Package} Package */

/**
 * @typedef {object} Bundle
 * @property {readonly string[]} problems
 * @property {readonly { readonly name: string, readonly contents: Uint8Array<ArrayBuffer>, readonly isAtOnce: boolean }[]} files
 *   the entry is 'entry.js'; `isAtOnce` where a page loads the file before it runs anything
 * @property {number} bytes what a page loads at once, minified; lazily loaded chunks left out
 * @property {number} gzipBytes the same, gzipped
 */

/** @param {readonly string[]} problems @returns {Bundle} */
const broken = (problems) => ({ problems, files: [], bytes: 0, gzipBytes: 0 });

/**
 * Bundles one file for browsers, minified and split, as an app would.
 * @param {string} file absolute
 * @param {{ readonly dir: string, readonly external?: readonly string[], readonly alias?: Readonly<Record<string, string>> }} options
 *   `dir` is what problems name files against
 * @returns {Promise<Bundle>}
 */
export async function bundleFile(file, { dir, external = [], alias = {} }) {
  const outdir = join(dir, 'dist-browser');
  try {
    const { outputFiles, metafile } = await build({
      entryPoints: { entry: file },
      absWorkingDir: dir,
      outdir,
      bundle: true,
      splitting: true,
      minify: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      external: [...external],
      alias: { ...alias },
      loader: { '.wasm': 'file' },
      logLevel: 'silent',
    });
    const atOnce = reachableAtOnce(metafile, join('dist-browser', 'entry.js'));
    const files = outputFiles.map(({ path, contents }) => ({
      name: relative(outdir, path),
      contents: new Uint8Array(contents),
      isAtOnce: atOnce.has(relative(dir, path)),
    }));
    const eager = files.filter(({ isAtOnce }) => isAtOnce);
    return {
      problems: [],
      files,
      bytes: eager.reduce((sum, { contents }) => sum + contents.length, 0),
      gzipBytes: eager.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0),
    };
  } catch (error) {
    const errors = /** @type {import('esbuild').BuildFailure} */ (error).errors;
    if (!Array.isArray(errors)) throw error;
    return broken(errors.map(({ text, location }) => `${text} (${location?.file ?? '?'})`));
  }
}

/**
 * Bundles one export of a package.
 * @param {Package} one
 * @param {{ readonly path?: string, readonly external?: readonly string[] }} [options]
 * @returns {Promise<Bundle>}
 */
export async function bundleForBrowser({ dir, manifest }, { path = '.', external = [] } = {}) {
  const target = manifest.exports?.[path];
  const entry = target === undefined ? undefined : resolveTarget(target, ['browser', 'import']);
  if (entry === undefined) return broken([`exports["${path}"] has nothing for a browser`]);
  return bundleFile(join(dir, entry), { dir, external });
}

/**
 * Where a browser's bundler finds each package of this workspace.
 * @param {'built' | 'source'} from
 * @returns {Readonly<Record<string, string>>} package name to absolute file
 */
export function browserEntries(from) {
  const entries = allPackages().flatMap(({ name, dir, manifest }) => {
    const target = manifest.exports?.['.'];
    const conditions = ['browser', 'import'];
    const file = target === undefined ? undefined : resolveTarget(target, conditions);
    if (target === undefined || file === undefined) return [];
    return [[name, from === 'built' ? join(dir, file) : sourceOf(dir, target, conditions)]];
  });
  return Object.fromEntries(entries);
}

/**
 * @param {import('esbuild').Metafile} metafile
 * @param {string} entry
 */
function reachableAtOnce(metafile, entry) {
  const seen = new Set([entry]);
  for (const file of seen) {
    for (const { path, kind } of metafile.outputs[file]?.imports ?? []) {
      if (kind === 'import-statement') seen.add(path);
    }
  }
  return seen;
}
