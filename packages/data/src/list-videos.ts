import { DataError } from './data-error.ts';
import type { VideoEntry } from './manifest.ts';

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
