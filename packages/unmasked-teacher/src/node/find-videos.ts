import { stat } from 'node:fs/promises';
import { DataError, readManifest, type Videos } from '@umt/data';
import { ConfigError } from '../config/config-error.ts';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import { shardSetAt } from './shard-set-at.ts';

/**
 * The videos of a configuration: all below a folder, those of a list (a file or an address), or those of a shard set.
 *
 * @throws ConfigError when no place is given, DataError or ManifestError of @umt/data when there is nothing to read
 */
export async function findVideos({ path, prefix, separator }: PretrainConfig['data']): Promise<Videos> {
  if (path === null) {
    throw new ConfigError('no videos: name a folder of videos, a list file or a shard set with data.path (--data)', [
      'data.path',
    ]);
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
  const shards = await shardSetAt(path);
  if (shards) return shards;
  const { entries } = await readManifest(path, {
    separator: separator === 'comma' ? ',' : ' ',
    ...(prefix !== null && { prefix }),
  });
  return entries;
}
