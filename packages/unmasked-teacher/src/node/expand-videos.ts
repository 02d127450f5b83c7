import { stat } from 'node:fs/promises';
import { listVideos } from '@umt/data';

/**
 * The videos that were named: each as it is, in place of a folder all below it.
 *
 * @throws DataError of @umt/data for a folder without videos
 */
export async function expandVideos(named: readonly string[]): Promise<readonly string[]> {
  const videos: string[] = [];
  for (const path of named) {
    const found = await stat(path).catch(() => null); // what is not there is told when it is opened
    if (found?.isDirectory()) videos.push(...(await listVideos(path)).map((entry) => entry.path));
    else videos.push(path);
  }
  return videos;
}
