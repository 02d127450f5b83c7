import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));

/**
 * Runs an example as a user would, in the repository's root and against the built packages; Node 20 does not read
 * TypeScript, so its types are stripped first.
 * @returns what it printed
 */
export async function runExample(name: string, ...args: readonly string[]): Promise<string> {
  const outfile = join(HERE, 'node_modules', '.examples', `${name}.mjs`);
  await build({
    entryPoints: [join(HERE, `${name}.ts`)],
    outfile,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
  });
  const { stdout } = await promisify(execFile)(process.execPath, [outfile, ...args], { cwd: dirname(HERE) });
  return stdout;
}
