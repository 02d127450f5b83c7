import { stat } from 'node:fs/promises';
import { DataError, listVideos, readManifest, type VideoEntry } from '@umt/data';
import { ConfigError } from '../config/config-error.ts';
import type { PretrainConfig } from '../config/pretrain-config.ts';

/**
 * The videos of a configuration: all below a folder, or those of a list file.
 *
 * @throws ConfigError when no place is given, DataError or ManifestError of @umt/data when there is nothing to read
 */
export async function findVideos({ path, prefix, separator }: PretrainConfig['data']): Promise<readonly VideoEntry[]> {
  if (path === null) {
    throw new ConfigError('no videos: name a folder of videos or a list file with data.path (--data)', ['data.path']);
  }
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const isMissing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR';
    const problem = isMissing
      ? 'there is no such file or folder'
      : `it cannot be read (${cause.code ?? cause.message})`;
    throw new DataError(`${path}: ${problem}; data.path (--data) names the videos`, { cause });
  });
  if (found.isDirectory()) return listVideos(path);
  return readManifest(path, { separator: separator === 'comma' ? ',' : ' ', ...(prefix === null ? {} : { prefix }) });
}
