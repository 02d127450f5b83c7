import { stat } from 'node:fs/promises';
import { DataError, readManifest, type VideoEntry } from '@umt/data';
import { ConfigError } from '../config/config-error.ts';
import type { PretrainConfig } from '../config/pretrain-config.ts';

/**
 * The videos of a configuration: all below a folder, or those of a list: a file or an address.
 *
 * @throws ConfigError when no place is given, DataError or ManifestError of @umt/data when there is nothing to read
 */
export async function findVideos({ path, prefix, separator }: PretrainConfig['data']): Promise<readonly VideoEntry[]> {
  if (path === null) {
    throw new ConfigError('no videos: name a folder of videos or a list file with data.path (--data)', ['data.path']);
  }
  if (!/^[a-z]+:\/\//.test(path)) {
    await stat(path).catch((cause: NodeJS.ErrnoException) => {
      const isMissing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR';
      const problem = isMissing
        ? 'there is no such file or folder'
        : `it cannot be read (${cause.code ?? cause.message})`;
      throw new DataError(`${path}: ${problem}; data.path (--data) names the videos`, { cause });
    });
  }
  const { entries } = await readManifest(path, {
    separator: separator === 'comma' ? ',' : ' ',
    ...(prefix !== null && { prefix }),
  });
  return entries;
}
