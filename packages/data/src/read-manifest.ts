import type { LabeledVideos } from './class-numbers.ts';
import { labeledVideosOf, parseLabeledList, type LabeledListOptions } from './labeled-list.ts';
import { addressSource, blobSource, type ManifestSource } from './manifest-source.ts';
import { manifestOf, parseManifest, type Manifest, type ManifestKinds, type ManifestOptions } from './manifest.ts';
import { recordsOfParquet } from './parquet-records.ts';

/** Where labelled videos are, and how they are listed. */
export interface LabeledVideosOptions extends Omit<LabeledListOptions, 'file'> {
  /** Which part of a folder: its list `<split>.csv`, or its folder `<split>`. Default the folder itself. */
  readonly split?: 'train' | 'val' | 'test';
}

/**
 * Reads a list of videos from a path or an address in Node, from an address or a picked file in browsers: Parquet by its
 * extension, else as `parseManifest` does. In Node also a folder: by its `metadata.jsonl`, `.csv` or `.parquet` (Hugging
 * Face), or all videos below it, labelled by the folders in it where all lie in such.
 *
 * @throws ManifestError with line or row, or when the list cannot be read; DataError for a folder without videos
 */
export async function readManifest<Kind extends keyof ManifestKinds = 'videos'>(
  place: string | Blob,
  options: ManifestOptions<Kind> = {},
): Promise<Manifest<Kind>> {
  return manifestFrom(sourceAt(place), options);
}

/**
 * Reads labelled videos: from a list (Parquet by its extension, else see `parseLabeledList`), or in Node from a folder that
 * holds a folder of videos for each class, lists `train.csv`, `val.csv`, `test.csv` (or `.jsonl`, `.json`, `.parquet`), or
 * `metadata.jsonl`, `.csv` or `.parquet` (Hugging Face). In browsers, from the address of a list or a picked file.
 *
 * @throws ManifestError with line or row; DataError where a folder holds no videos
 */
export async function readLabeledVideos(
  place: string | Blob,
  options: LabeledVideosOptions = {},
): Promise<LabeledVideos> {
  return labeledVideosFrom(sourceAt(place), options);
}

const sourceAt = (place: string | Blob): ManifestSource =>
  typeof place === 'string' ? addressSource(place) : blobSource(place);

const isParquet = (name: string): boolean => /\.parquet([?#].*)?$/i.test(name);

/** The list at a source. @throws as `readManifest` does */
export async function manifestFrom<Kind extends keyof ManifestKinds = 'videos'>(
  source: ManifestSource,
  options: ManifestOptions<Kind>,
): Promise<Manifest<Kind>> {
  const named = { file: source.name, ...options };
  if (!isParquet(source.name)) return parseManifest(await source.text(), named);
  return manifestOf(await recordsOfParquet(() => source.open(), named.file), named);
}

/** The labelled videos at a source. @throws as `readLabeledVideos` does */
export async function labeledVideosFrom(source: ManifestSource, options: LabeledVideosOptions): Promise<LabeledVideos> {
  const named = { ...options, file: source.name };
  if (!isParquet(source.name)) return parseLabeledList(await source.text(), named);
  return labeledVideosOf(await recordsOfParquet(() => source.open(), named.file), named);
}
