import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchOrThrow, isAddress } from '../address-source.ts';
import type { VideoSource } from '../video.ts';

/** A file on this machine that holds a video. */
export interface LocalFile {
  readonly file: string;
  /** Removes it where it is a temporary copy. */
  readonly remove: () => Promise<void>;
}

/** The path that a string or file URL means. */
export const pathOf = (source: string | URL): string =>
  source instanceof URL || source.startsWith('file:') ? fileURLToPath(source) : source;

/**
 * A path for FFmpeg, whose programs and libraries read files: bytes in memory are written to a temporary file.
 *
 * @param download whether what lies at an address is fetched, or the address itself given.
 */
export async function fileFor(source: VideoSource, name: string, download: boolean): Promise<LocalFile> {
  const isText = typeof source === 'string' || source instanceof URL;
  if (isText && !isAddress(source)) return { file: pathOf(source), remove: () => Promise.resolve() };
  if (isText && !download) return { file: String(source), remove: () => Promise.resolve() };
  const folder = await mkdtemp(join(tmpdir(), 'umt-video-'));
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  const file = join(folder, 'video');
  try {
    if (isText) await fetchTo(file, source, name);
    else await writeFile(file, new Uint8Array(source instanceof Blob ? await source.arrayBuffer() : source));
  } catch (error) {
    await remove();
    throw error;
  }
  return { file, remove };
}

async function fetchTo(file: string, address: string | URL, name: string): Promise<void> {
  const response = await fetchOrThrow(address, undefined, name);
  const target = await open(file, 'w');
  try {
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      await target.writeFile(part.value);
    }
  } finally {
    await target.close();
  }
}
