import { build } from 'esbuild';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

/**
 * Bundles a TypeScript file of this folder from source, so that a process, worker or page of its own can run it.
 * Returns the path of the bundle in `folder`.
 */
export async function bundle(file: string, folder: string, platform: 'node' | 'browser' = 'node'): Promise<string> {
  const outfile = join(folder, basename(file).replace(/ts$/, 'mjs'));
  await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    outfile,
    bundle: true,
    platform,
    format: 'esm',
    target: 'es2022',
    tsconfig: join(ROOT, 'tsconfig.json'),
    logLevel: 'error',
  });
  return outfile;
}
