import type { LabeledVideos } from './class-numbers.ts';
import { parseLabeledList, type LabeledListOptions } from './labeled-list.ts';
import { fetchText } from './list-videos.ts';

/** Where labelled videos are, and how they are listed. */
export interface LabeledVideosOptions extends Omit<LabeledListOptions, 'file'> {
  /** Which part of a folder: its list `<split>.csv`, or its folder `<split>`. Default the folder itself. */
  readonly split?: 'train' | 'val' | 'test';
}

/**
 * Reads labelled videos: from a list (see `parseLabeledList`), or in Node from a folder that holds a folder of videos for
 * each class, or the reference's `train.csv`, `val.csv` and `test.csv`. In browsers, from the address of a list.
 *
 * @throws ManifestError with file and line; DataError where a folder holds no videos
 */
export async function readLabeledVideos(path: string, options: LabeledVideosOptions = {}): Promise<LabeledVideos> {
  return parseLabeledList(await fetchText(path), { ...options, file: path });
}
