// @ts-check
/**
 * Builds every package: JavaScript and source maps by tsup, type declarations by one TypeScript program beside it.
 * UMT_BUILD_TYPES=0 leaves the declarations out, for a quick build before a run.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { CommandError, mapLimited, run } from './run.mjs';
import { publicPackages } from './workspace.mjs';

/** @typedef {import('./workspace.mjs').Package} Package */

const TSUP = join(dirname(createRequire(import.meta.url).resolve('tsup/package.json')), 'dist/cli-default.js');

/** @param {Package} one */
async function buildJavaScript({ name, dir }) {
  const start = performance.now();
  await run(process.execPath, [TSUP, '--silent'], { cwd: dir });
  if (!existsSync(join(dir, 'dist'))) throw new Error(`${name} built nothing: look at ${join(dir, 'tsup.config.ts')}`);
  console.log(`built ${name} in ${seconds(start)}`);
}

/** @param {number} start */
const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

const start = performance.now();
const withTypes = process.env['UMT_BUILD_TYPES'] !== '0';
const packages = publicPackages();
try {
  const built = mapLimited(packages, Math.max(2, Math.min(4, availableParallelism())), buildJavaScript);
  built.catch(() => {}); // reported by the await below, also while the compiler holds this thread
  const declarations = withTypes ? await import('./declarations.mjs') : undefined;
  const types = declarations?.emitDeclarations(packages);
  await built; // tsup empties dist first, so declarations are written after it
  if (types) declarations?.writeDeclarations(types.files);
  if (types?.problems) throw new Error(`${types.problems}the JavaScript is built, but the types have errors`);
  console.log(`built ${packages.length} packages ${withTypes ? 'with' : 'without'} types in ${seconds(start)}`);
} catch (error) {
  console.error(error instanceof CommandError ? error.output : '');
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
