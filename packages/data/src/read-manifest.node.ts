import { open, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { numberClasses, type LabeledVideos } from './class-numbers.ts';
import { DataError, ManifestError } from './data-error.ts';
import { listVideos, problemOf } from './list-videos.node.ts';
import type { ManifestRow } from './manifest-row.ts';
import { addressSource, blobSource, type ManifestSource } from './manifest-source.ts';
import type { Manifest, ManifestKinds, ManifestOptions } from './manifest.ts';
import { labeledVideosFrom, manifestFrom, type LabeledVideosOptions } from './read-manifest.ts';

const SPLITS = ['train', 'val', 'test'] as const;

/** Reads a list of videos from a path, an address or a folder. See the browser-safe declaration for the contract. */
export async function readManifest<Kind extends keyof ManifestKinds = 'videos'>(
  place: string | Blob,
  options: ManifestOptions<Kind> = {},
): Promise<Manifest<Kind>> {
  if (typeof place !== 'string' || (await kindOf(place)) !== 'folder') return manifestFrom(sourceAt(place), options);
  const list = await firstFile(place, METADATA);
  if (list !== undefined) return manifestFrom(sourceAt(list), options);
  if (options.kind === undefined || options.kind === 'videos') return (await readVideoFolder(place)) as Manifest<Kind>;
  throw new DataError(`${place}: no ${options.kind} in a folder without ${METADATA.join(', ')}: name a list`);
}

/** Reads labelled videos from a list or a folder. See the browser-safe declaration for the contract. */
export async function readLabeledVideos(
  place: string | Blob,
  options: LabeledVideosOptions = {},
): Promise<LabeledVideos> {
  if (typeof place !== 'string' || (await kindOf(place)) !== 'folder')
    return labeledVideosFrom(sourceAt(place), options);
  return readFolder(place, options);
}

/** All videos below a folder, with the folders they lie in as classes where none lies outside of one. */
async function readVideoFolder(folder: string): Promise<Manifest> {
  const entries = await listVideos(folder);
  const rows = entries.map(({ path }): ManifestRow => {
    const [name = ''] = relative(folder, path).split(sep);
    return { path, labels: [name], place: undefined };
  });
  const isClass = ({ path, labels: [name = ''] = [] }: ManifestRow) => join(folder, String(name)) !== path;
  const isSplit = ({ labels: [name] = [] }: ManifestRow) => SPLITS.some((split) => split === name);
  return rows.every(isClass) && !rows.every(isSplit) ? numberClasses(rows, folder) : { entries };
}

const METADATA = ['metadata.jsonl', 'metadata.csv', 'metadata.parquet'];
const listsOf = (split: string) => ['csv', 'jsonl', 'json', 'parquet'].map((extension) => `${split}.${extension}`);

async function readFolder(folder: string, options: LabeledVideosOptions): Promise<LabeledVideos> {
  const { split } = options;
  if (split !== undefined) {
    const list = await firstFile(folder, listsOf(split));
    if (list !== undefined) return labeledVideosFrom(sourceAt(list), options);
    if ((await kindOf(join(folder, split))) === 'folder') return readLabeledFolder(join(folder, split), options);
    throw new DataError(`${folder}: there is neither a list ${split}.csv nor a folder ${split} in it`);
  }
  const list = await firstFile(folder, SPLITS.flatMap(listsOf));
  if (list === undefined) return readLabeledFolder(folder, options);
  const name = relative(folder, list);
  throw new DataError(
    `${folder}: it holds ${name}: say which split is wanted (${SPLITS.join(', ')}), or name the list`,
  );
}

async function readLabeledFolder(folder: string, options: LabeledVideosOptions): Promise<LabeledVideos> {
  const list = await firstFile(folder, METADATA);
  return list === undefined ? readClassFolders(folder, options) : labeledVideosFrom(sourceAt(list), options);
}

/** A folder for each class, with its videos anywhere below. */
async function readClassFolders(folder: string, { classes }: LabeledVideosOptions): Promise<LabeledVideos> {
  const rows = (await listVideos(folder)).map(({ path }): ManifestRow => {
    const [name = '', ...rest] = relative(folder, path).split(sep);
    if (rest.length > 0) return { path, labels: [name], place: undefined };
    throw new DataError(`${path}: it lies beside the folders of the classes: put it into the folder of its class`);
  });
  return numberClasses(rows, folder, classes);
}

function sourceAt(place: string | Blob): ManifestSource {
  if (typeof place !== 'string') return blobSource(place);
  if (/^https?:\/\//.test(place)) return addressSource(place);
  return fileSource(place.startsWith('file:') ? fileURLToPath(place) : place);
}

function fileSource(path: string): ManifestSource {
  return {
    name: path,
    async text() {
      try {
        return await readFile(path, 'utf8');
      } catch (cause) {
        throw new ManifestError(path, undefined, problemOf(cause), { cause });
      }
    },
    async open() {
      const { size } = await stat(path).catch((cause: unknown) => {
        throw new ManifestError(path, undefined, problemOf(cause), { cause });
      });
      return {
        byteLength: size,
        async slice(start, end = size) {
          const handle = await open(path);
          try {
            const bytes = new Uint8Array(end - start);
            const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
            return bytes.buffer.slice(0, bytesRead);
          } finally {
            await handle.close();
          }
        },
      };
    },
  };
}

/** The first of some files that is in a folder. */
async function firstFile(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) if ((await kindOf(join(folder, name))) === 'file') return join(folder, name);
  return undefined;
}

async function kindOf(place: string): Promise<'file' | 'folder' | undefined> {
  if (/^(https?|file):/.test(place)) return 'file';
  return stat(place).then(
    (found) => (found.isDirectory() ? 'folder' : 'file'),
    () => undefined,
  );
}
