// @ts-check
import { build } from 'esbuild';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { resolveTarget } from './workspace.mjs';

/** @typedef {import('./workspace.mjs').Package} Package */

/**
 * Bundles one export of a package for browsers, minified, as an app would.
 * @param {Package} one
 * @param {{ readonly path?: string, readonly external?: readonly string[] }} [options]
 * @returns {Promise<{ readonly problems: readonly string[], readonly gzipBytes: number }>} the bytes a page loads at once,
 *   lazily loaded chunks left out
 */
export async function bundleForBrowser({ dir, manifest }, { path = '.', external = [] } = {}) {
  const target = manifest.exports?.[path];
  const entry = target === undefined ? undefined : resolveTarget(target, ['browser', 'import']);
  if (entry === undefined) return { problems: [`exports["${path}"] has nothing for a browser`], gzipBytes: 0 };
  try {
    const { outputFiles, metafile } = await build({
      entryPoints: { entry: join(dir, entry) },
      absWorkingDir: dir,
      outdir: join(dir, 'dist-browser'),
      bundle: true,
      splitting: true,
      minify: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      external: [...external],
      loader: { '.wasm': 'file' },
      logLevel: 'silent',
    });
    const atOnce = reachableAtOnce(metafile, join('dist-browser', 'entry.js'));
    const code = outputFiles.filter(({ path }) => atOnce.has(path.slice(dir.length + 1)));
    return { problems: [], gzipBytes: code.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0) };
  } catch (error) {
    const errors = /** @type {import('esbuild').BuildFailure} */ (error).errors;
    if (!Array.isArray(errors)) throw error;
    return { problems: errors.map(({ text, location }) => `${text} (${location?.file ?? '?'})`), gzipBytes: 0 };
  }
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
