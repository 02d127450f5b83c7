import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataError, ManifestError } from './data-error.ts';
import { VIDEO_EXTENSIONS, readManifest as fetchManifest, type FolderOptions } from './list-videos.ts';
import { parseManifest, type ManifestOptions, type VideoEntry } from './manifest.ts';

/** Reads a pre-training list from a path, a `file:` address or an http address. */
export async function readManifest(path: string, options: ManifestOptions = {}): Promise<readonly VideoEntry[]> {
  if (/^https?:\/\//.test(path)) return fetchManifest(path, options);
  let text: string;
  try {
    text = await readFile(path.startsWith('file:') ? fileURLToPath(path) : path, 'utf8');
  } catch (cause) {
    throw new ManifestError(path, undefined, problemOf(cause), { cause });
  }
  return parseManifest(text, { file: path, ...options });
}

/** Every video below a folder. See the browser-safe declaration for the contract. */
export async function listVideos(folder: string, options: FolderOptions = {}): Promise<readonly VideoEntry[]> {
  const extensions = options.extensions ?? VIDEO_EXTENSIONS;
  const names: string[] = [];
  try {
    await collect(folder, '', names);
  } catch (cause) {
    throw new DataError(`${folder}: ${problemOf(cause)}`, { cause });
  }
  const videos = names.filter((name) => extensions.some((extension) => name.toLowerCase().endsWith(extension)));
  if (videos.length === 0) {
    throw new DataError(`${folder}: no video among its ${names.length} files (looked for ${extensions.join(', ')})`);
  }
  return videos.sort(compare).map((name) => ({ path: join(folder, name) }));
}

/** Adds the files below `root/inside` to `names`, each relative to root with `/` between components. */
async function collect(root: string, inside: string, names: string[]): Promise<void> {
  for (const entry of await readdir(join(root, inside), { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const name = inside === '' ? entry.name : `${inside}/${entry.name}`;
    if (entry.isDirectory()) await collect(root, name, names);
    else if (entry.isFile() || (entry.isSymbolicLink() && (await leadsToFile(join(root, name))))) names.push(name);
  }
}

async function leadsToFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function problemOf(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file or folder';
  if (code === 'ENOTDIR') return 'not a folder';
  return `cannot be read: ${String(cause)}`;
}
