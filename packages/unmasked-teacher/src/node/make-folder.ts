import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and the parents it lacks, one by one: Node's own recursive mkdir never returns where a parent is there
 * but can hold no folder, as /proc.
 *
 * @throws Error of the system, with the path that could not be made
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const outcome = await tryMkdir(folder);
    if (outcome === 'made') break;
    if (missing.includes(folder) || dirname(folder) === folder) throw outcome;
    missing.push(folder);
  }
  for (const folder of missing.reverse()) {
    const outcome = await tryMkdir(folder);
    if (outcome !== 'made') throw outcome;
  }
}

/** Makes one folder; `made` also where it was there. An error other than a missing parent is thrown at once. */
async function tryMkdir(folder: string): Promise<'made' | Error> {
  try {
    await mkdir(folder);
    return 'made';
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    if (error.code === 'ENOENT') return error;
    if (error.code === 'EEXIST') return 'made';
    throw error;
  }
}
