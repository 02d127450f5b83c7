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

/**
 * @param {Package} one
 * @returns {Promise<string | undefined>} what went wrong
 */
async function buildJavaScript({ name, dir }) {
  const start = performance.now();
  try {
    await run(process.execPath, [TSUP, '--silent'], { cwd: dir });
  } catch (error) {
    return error instanceof CommandError ? `${error.output}\n${name}: tsup failed` : `${name}: ${error}`;
  }
  if (!existsSync(join(dir, 'dist'))) return `${name} built nothing: look at ${join(dir, 'tsup.config.ts')}`;
  console.log(`built ${name} in ${seconds(start)}`);
  return undefined;
}

/** @param {number} start */
const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

const start = performance.now();
const withTypes = process.env['UMT_BUILD_TYPES'] !== '0';
const packages = publicPackages();
const built = mapLimited(packages, Math.max(2, Math.min(4, availableParallelism())), buildJavaScript);
const declarations = withTypes ? await import('./declarations.mjs') : undefined;
const [results, types] = await Promise.all([built, declarations?.emitInWorker()]);
const problems = results.filter((problem) => problem !== undefined);
if (types) {
  declarations?.writeDeclarations(types.files); // after tsup, which empties dist first
  if (types.problems !== '') problems.push(`${types.problems}the types have errors`);
}
for (const problem of problems) console.error(`\n${problem}`);
if (problems.length === 0) {
  console.log(`built ${packages.length} packages ${withTypes ? 'with' : 'without'} types in ${seconds(start)}`);
} else {
  process.exitCode = 1;
}
