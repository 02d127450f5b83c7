// @ts-check
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { run } from './run.mjs';
import { publicPackages, ROOT } from './workspace.mjs';

/**
 * How to call the pinned pnpm: the one that runs this script, or one that npm fetches.
 * @returns {readonly [command: string, ...args: string[]]}
 */
export function pnpm() {
  const { packageManager } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const [pinned] = /** @type {string} */ (packageManager).split('+');
  const agent = process.env['npm_config_user_agent'] ?? '';
  const running = process.env['npm_execpath'];
  if (running !== undefined && pinned !== undefined && agent.startsWith(`${pinned.replace('@', '/')} `)) {
    return /\.[cm]?js$/.test(running) ? [process.execPath, running] : [running];
  }
  return ['npx', '--yes', String(pinned)];
}

/**
 * Packs every public package as it would be published.
 * @param {string} folder where the tarballs go
 * @returns {Promise<ReadonlyMap<string, string>>} package name to tarball path
 */
export async function packAll(folder) {
  const [command, ...args] = pnpm();
  await run(command, [...args, '-r', '--filter', './packages/*', 'pack', '--pack-destination', folder], { cwd: ROOT });
  return new Map(
    publicPackages().map(({ name, manifest }) => [
      name,
      join(folder, `${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`),
    ]),
  );
}
