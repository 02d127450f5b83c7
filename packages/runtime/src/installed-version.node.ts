import { readFile, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The version of an installed package. See the browser-safe declaration for the contract. */
export async function installedVersion(chain: readonly string[], from: string | URL): Promise<string | null> {
  let place: string | URL = from;
  for (const [i, name] of chain.entries()) {
    const folder = await packageFolder(name, place);
    if (folder === null) return null;
    if (i === chain.length - 1) return versionIn(folder);
    place = join(folder, 'package.json');
  }
  return null;
}

/** Where Node finds a package from a file; package managers that link folders have what it imports beside its true place. */
async function packageFolder(name: string, from: string | URL): Promise<string | null> {
  for (const folder of createRequire(from).resolve.paths(name) ?? []) {
    const found = await realpath(join(folder, name)).catch(() => null);
    if (found !== null) return found;
  }
  return null;
}

async function versionIn(folder: string): Promise<string | null> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => 'null');
  const manifest: unknown = JSON.parse(text);
  if (typeof manifest !== 'object' || manifest === null || !('version' in manifest)) return null;
  return String(manifest.version);
}
