import { stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { numberClasses, type LabeledRow, type LabeledVideos } from './class-numbers.ts';
import { DataError, ManifestError } from './data-error.ts';
import { parseLabeledList } from './labeled-list.ts';
import type { LabeledVideosOptions } from './labeled-videos.ts';
import { listVideos, problemOf, readText } from './list-videos.node.ts';

const SPLITS = ['train', 'val', 'test'] as const;

/** Reads labelled videos from a list or a folder. See the browser-safe declaration for the contract. */
export async function readLabeledVideos(path: string, options: LabeledVideosOptions = {}): Promise<LabeledVideos> {
  const kind = /^(https?|file):/.test(path) ? 'file' : await kindOf(path);
  if (kind === undefined) throw new ManifestError(path, undefined, problemOf({ code: 'ENOENT' }));
  return kind === 'folder' ? readFolder(path, options) : readList(path, options);
}

async function readFolder(folder: string, options: LabeledVideosOptions): Promise<LabeledVideos> {
  const { split } = options;
  if (split !== undefined) {
    const list = join(folder, `${split}.csv`);
    if ((await kindOf(list)) === 'file') return readList(list, options);
    if ((await kindOf(join(folder, split))) === 'folder') return readClassFolders(join(folder, split), options);
    throw new DataError(`${folder}: there is neither a list ${split}.csv nor a folder ${split} in it`);
  }
  for (const name of SPLITS) {
    if ((await kindOf(join(folder, `${name}.csv`))) !== 'file') continue;
    throw new DataError(
      `${folder}: it holds ${name}.csv: say which split is wanted (${SPLITS.join(', ')}), or name the list`,
    );
  }
  return readClassFolders(folder, options);
}

async function readList(path: string, options: LabeledVideosOptions): Promise<LabeledVideos> {
  return parseLabeledList(await readText(path), { ...options, file: path });
}

/** A folder for each class, with its videos anywhere below. */
async function readClassFolders(folder: string, { classes }: LabeledVideosOptions): Promise<LabeledVideos> {
  const rows = (await listVideos(folder)).map(({ path }): LabeledRow => {
    const [name = '', ...rest] = relative(folder, path).split(sep);
    if (rest.length > 0) return { path, labels: [name], line: undefined };
    throw new DataError(`${path}: it lies beside the folders of the classes: put it into the folder of its class`);
  });
  return numberClasses(rows, folder, classes);
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  return stat(path).then(
    (found) => (found.isDirectory() ? 'folder' : 'file'),
    () => undefined,
  );
}
