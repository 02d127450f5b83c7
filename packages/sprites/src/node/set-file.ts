import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SpriteFolderError } from '../errors.ts';
import type { GroundPicture } from '../ground.ts';
import type { ClipSet } from '../clip-set.ts';

/** Says in a folder of clips what they were made of. */
const NAME = 'sprites.json';

/** Changes with what a clip of given options looks like. */
const VERSION = 1;

/**
 * Writes into the folder what its clips are made of, or checks that it says the same already; only its clips may become
 * more.
 * @throws SpriteFolderError that names the first option that differs
 */
export async function claimFolder(folder: string, set: ClipSet, pictures: readonly GroundPicture[]): Promise<void> {
  const backgrounds = pictures.length === 0 ? null : digest(pictures);
  const wanted: Readonly<Record<string, unknown>> = { version: VERSION, ...set, backgrounds };
  const path = join(folder, NAME);
  const held = await readHeld(path);
  for (const [field, value] of held === null ? [] : Object.entries(wanted)) {
    if (
      field === 'clips' ? Number(held?.[field]) <= set.clips : JSON.stringify(held?.[field]) === JSON.stringify(value)
    ) {
      continue;
    }
    const shown = (one: unknown) => JSON.stringify(one)?.slice(0, 80) ?? 'nothing';
    throw new SpriteFolderError(
      `${folder}: it holds clips of ${field} ${shown(held?.[field])}, not ${shown(value)}: take another folder, or empty this one`,
    );
  }
  await writeFile(`${path}.part`, `${JSON.stringify(wanted, null, 2)}\n`);
  await rename(`${path}.part`, path);
}

async function readHeld(path: string): Promise<Readonly<Record<string, unknown>> | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    const held: unknown = JSON.parse(text);
    if (typeof held === 'object' && held !== null) return held as Readonly<Record<string, unknown>>;
  } catch {
    // told below
  }
  throw new SpriteFolderError(
    `${path}: it does not say what the clips are made of: take another folder, or empty this one`,
  );
}

function digest(pictures: readonly GroundPicture[]): string {
  const hash = createHash('sha256');
  for (const { width, height, rgb } of pictures) hash.update(`${width} ${height} `).update(rgb);
  return hash.digest('hex');
}
