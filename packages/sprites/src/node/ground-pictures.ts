import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { decodeJpegs, openVideo, resizeRgb, toRgb, type Picture } from '@umt/video';
import { SpriteFolderError } from '../errors.ts';
import type { GroundPicture } from '../ground.ts';

const JPEG = ['.jpg', '.jpeg'];
const VIDEO = ['.mp4', '.mov', '.m4v', '.mkv', '.webm', '.avi'];

/** Pixels of the shorter side that pictures are kept with: enough for what is cut out of them. */
const SHORT_SIDE = 256;
/** Of each video. */
const FRAMES = 3;

/**
 * Reads the JPEGs of a folder, and a few frames of its videos, as pictures to lie behind sprites. In the order of their
 * names, so that clips are the same again.
 *
 * @throws SpriteFolderError for a folder without either; VideoError for a file that cannot be decoded
 */
export async function readGroundPictures(folder: string): Promise<readonly GroundPicture[]> {
  const names = await readdir(folder, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new SpriteFolderError(`${folder}: no pictures can be read there (${cause.code ?? cause.message})`, { cause });
  });
  const pictures: GroundPicture[] = [];
  for (const name of names.sort()) {
    const path = join(folder, name);
    const extension = extname(name).toLowerCase();
    if (JPEG.includes(extension)) {
      for await (const picture of decodeJpegs([await readFile(path)], { name: path })) pictures.push(reduced(picture));
    }
    if (VIDEO.includes(extension)) pictures.push(...(await framesOf(path)));
  }
  if (pictures.length > 0) return pictures;
  throw new SpriteFolderError(`${folder}: there is no picture in it (${[...JPEG, ...VIDEO].join(', ')})`);
}

async function framesOf(path: string): Promise<readonly GroundPicture[]> {
  const video = await openVideo(path);
  try {
    const at = (frame: number) => Math.floor(((frame + 0.5) / FRAMES) * video.frameCount);
    const pictures: GroundPicture[] = [];
    for await (const frame of video.frames(Array.from({ length: FRAMES }, (_, number) => at(number)))) {
      pictures.push(reduced(frame));
    }
    return pictures;
  } finally {
    await video.close();
  }
}

function reduced(picture: Picture): GroundPicture {
  const { width, height } = picture;
  const scale = Math.min(1, SHORT_SIDE / Math.min(width, height));
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const { data } = resizeRgb(toRgb(picture), size);
  return { ...size, rgb: data };
}
