import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { byCodeUnits } from './class-numbers.ts';
import { DataError } from './data-error.ts';
import { VIDEO_EXTENSIONS, type FolderOptions } from './list-videos.ts';
import type { VideoEntry } from './manifest.ts';

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
  return videos.sort(byCodeUnits).map((name) => ({ path: join(folder, name) }));
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

/** What a failed access to a file means. */
export function problemOf(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file or folder';
  if (code === 'ENOTDIR') return 'not a folder';
  return `cannot be read: ${String(cause)}`;
}
