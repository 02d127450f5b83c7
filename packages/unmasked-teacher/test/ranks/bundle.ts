import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { allPackages, sourceOf } from '../../../../scripts/workspace.mjs';
import { ROOT } from '../small.ts';

/** Every package of this repository by the name of its entry, from source as Node would pick it. */
const alias = Object.fromEntries(
  allPackages().flatMap(({ name, dir, manifest }) => {
    const entry = manifest.exports?.['.'];
    return entry === undefined ? [] : [[name, sourceOf(dir, entry, ['node', 'import'])]];
  }),
);

/** Modules find what lies beside them from their own place, not from the bundle's. */
const ownPlaces: Plugin = {
  name: 'own places',
  setup({ onLoad }) {
    onLoad({ filter: /packages\/engine-torch\/src\/.*\.ts$/ }, async ({ path }) => ({
      loader: 'ts',
      contents: (await readFile(path, 'utf8')).replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
    }));
  },
};

/** Bundles a program of this folder into `folder`, so that processes of their own can run it; returns its path. */
export async function bundle(file: string, folder: string): Promise<string> {
  const outfile = join(folder, basename(file).replace(/ts$/, 'mjs'));
  await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    outfile,
    alias,
    plugins: [ownPlaces],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    external: ['node-av', 'node-av/*', 'onnxruntime-node', '@tensorflow/*', 'webgpu'],
    banner: { js: "import { createRequire as _cr } from 'node:module'; const require = _cr(import.meta.url);" },
    tsconfig: join(ROOT, 'tsconfig.json'),
    logLevel: 'error',
  });
  return outfile;
}
