import { DataError, ManifestError } from './data-error.ts';
import { parseManifest, type ManifestOptions, type VideoEntry } from './manifest.ts';

/** Extensions that a folder is searched for. */
export const VIDEO_EXTENSIONS: readonly string[] = [
  '.mp4',
  '.m4v',
  '.mov',
  '.mkv',
  '.webm',
  '.ts',
  '.avi',
  '.flv',
  '.wmv',
  '.mpg',
  '.mpeg',
  '.asf',
  '.vob',
  '.3gp',
  '.ogv',
  '.gif',
];

/** What a folder is searched for. */
export interface FolderOptions {
  /** With the dot, in lower case; case does not matter in the file names. Default {@link VIDEO_EXTENSIONS}. */
  readonly extensions?: readonly string[];
}

/**
 * Reads a pre-training list: from a path in Node, from an address in browsers. See `parseManifest` for the format.
 *
 * @throws ManifestError with the line number, or when the list cannot be read
 */
export async function readManifest(path: string, options: ManifestOptions = {}): Promise<readonly VideoEntry[]> {
  return parseManifest(await fetchText(path), { file: path, ...options });
}

/** The text at an address. @throws ManifestError when it cannot be read */
export async function fetchText(address: string): Promise<string> {
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return await response.text();
  } catch (cause) {
    throw new ManifestError(address, undefined, `cannot be read: ${String(cause)}`, { cause });
  }
}

/**
 * Every video below a folder, in Node: recursive, sorted by path (code units, `/` between components, the same order on
 * every system), hidden files and folders left out. Links to files are followed, links to folders are not.
 *
 * @throws DataError when the folder cannot be read or holds no video; always in browsers, which have no folders
 */
export function listVideos(folder: string, _options: FolderOptions = {}): Promise<readonly VideoEntry[]> {
  return Promise.reject(
    new DataError(`${folder}: browsers cannot list folders: make entries of the files that the user picks`),
  );
}
