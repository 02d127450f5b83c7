import { stat } from 'node:fs/promises';
import { DataError, readLabeledVideos } from '@umt/data';
import { ConfigError } from '../config/config-error.ts';
import type { FinetuneConfig } from '../config/finetune-config.ts';
import type { ClassVideos } from '../finetune/class-videos.ts';
import { shardSetAt } from './shard-set-at.ts';

/** The labelled videos of a configuration. */
export interface LabeledSplits {
  readonly training: ClassVideos;
  /** Of the same classes; null where none is named. */
  readonly validation: ClassVideos | null;
}

/**
 * Reads the labelled videos of a configuration: a folder per class, any list with labels, or a shard set.
 *
 * @throws ConfigError when no place is given or the classes are not as many as said; DataError or ManifestError of @umt/data
 */
export async function findLabeledVideos(data: FinetuneConfig['data']): Promise<LabeledSplits> {
  if (data.path === null) {
    throw new ConfigError(
      'no videos: name a folder with a folder per class, a list (.csv, .json, .jsonl, .parquet) or a shard set with data.path (--data)',
      ['data.path'],
    );
  }
  const listed = await readVideos(data.path, 'data.path (--data)', data);
  const classes = checkedClasses(listed.classes, data.classes);
  const training = { ...listed, classes };
  if (data.validation === null) return { training, validation: null };
  return { training, validation: await readVideos(data.validation, 'data.validation (--validation)', data, classes) };
}

/**
 * Labelled videos from one place.
 * @param field what a message calls the setting that names the place
 * @param classes those that the labels must be of; those of the place itself where none are given
 */
export async function readVideos(
  path: string,
  field: string,
  { prefix, separator }: Pick<FinetuneConfig['data'], 'prefix' | 'separator'>,
  classes?: readonly string[],
): Promise<ClassVideos> {
  if (!/^[a-z]+:\/\//.test(path)) {
    await stat(path).catch((cause: NodeJS.ErrnoException) => {
      const isMissing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR';
      const problem = isMissing ? 'there is no such file or folder' : `it cannot be read (${cause.code})`;
      throw new DataError(`${path}: ${problem}; ${field} names the labelled videos`, { cause });
    });
  }
  const shards = await shardSetAt(path);
  if (shards) return { entries: shards, classes: packedClasses(shards.index.classes, path, field, classes) };
  return readLabeledVideos(path, {
    ...(prefix !== null && { prefix }),
    ...(separator !== null && { separator: separator === 'comma' ? ',' : ' ' }),
    ...(classes && { classes }),
  });
}

/** The classes of a shard set, whose labels are numbers of them. */
function packedClasses(
  packed: readonly string[] | undefined,
  path: string,
  field: string,
  wanted?: readonly string[],
): readonly string[] {
  if (packed === undefined) {
    throw new DataError(`${path}: its videos have no classes: pack a list that has them, and name it with ${field}`);
  }
  if (wanted === undefined || (packed.length <= wanted.length && packed.every((name, i) => name === wanted[i]))) {
    return wanted ?? packed;
  }
  throw new DataError(
    `${path}: it was packed with other classes (${packed.slice(0, 3).join(', ')}, ...) than are wanted here ` +
      `(${wanted.slice(0, 3).join(', ')}, ...): pack it from a list that has them in the same order`,
  );
}

/** The classes of a list, as many as the configuration says: a list of numbers need not show the last ones. */
function checkedClasses(found: readonly string[], wanted: number | null): readonly string[] {
  if (wanted === null || wanted === found.length) return found;
  const isNumbered = found.every((name, number) => name === String(number));
  if (isNumbered && found.length < wanted) return Array.from({ length: wanted }, (_, number) => String(number));
  throw new ConfigError(
    `data.classes must be ${found.length}, the classes of the training videos, not ${wanted} (--classes)`,
    ['data.classes'],
  );
}
