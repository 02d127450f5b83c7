import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readManifest } from '@umt/data';
import { partnerOf, type SpriteClass } from '@umt/sprites';
import { openVideo, toRgb } from '@umt/video';
import type { FrameStrip } from '../report/report-data.ts';
import { renderSpriteSheet, type SpriteSheetClip } from '../report/render-sprite-sheet.ts';

/** Frames of a clip that are shown, at most. */
const SHOWN = 8;
/** White pixels between them. */
const GAP = 2;

/**
 * Writes a page that shows a clip of each class of a folder of Sprite Actions, as the files have them, with its captions and
 * questions.
 * @returns the page's path
 */
export async function writeSpriteSheet(folder: string): Promise<string> {
  const { entries } = await readManifest(join(folder, 'captions.jsonl'), { kind: 'captions' });
  const { entries: asked } = await readManifest(join(folder, 'questions.jsonl'), { kind: 'questions' });
  const shown = new Map<string, SpriteSheetClip>();
  for (const { path, captions } of entries) {
    const label = basename(dirname(path));
    if (shown.has(label)) continue;
    const questions = asked.filter((one) => one.path === path);
    shown.set(label, {
      label,
      partner: partnerOf(label as SpriteClass), // the folders of such a set are its classes
      captions,
      questions: questions.map(({ question, answers: [answer = ''] }) => ({ question, answer })),
      frames: await stripOf(path),
    });
  }
  const page = join(folder, 'index.html');
  await writeFile(page, await renderSpriteSheet(folder, entries.length, [...shown.values()]));
  return page;
}

/** Frames side by side, from the first to the last. */
async function stripOf(path: string): Promise<FrameStrip> {
  const video = await openVideo(path);
  try {
    const { width, height, frameCount } = video;
    const count = Math.min(SHOWN, frameCount);
    const indices = Array.from({ length: count }, (_, place) => Math.round((place * (frameCount - 1)) / (count - 1)));
    const stride = count * (width + GAP) - GAP;
    const rgb = new Uint8Array(stride * height * 3).fill(255);
    let place = 0;
    for await (const frame of video.frames(indices)) {
      const { data } = toRgb(frame);
      for (let row = 0; row < height; row++) {
        const at = row * stride + place * (width + GAP);
        rgb.set(data.subarray(row * width * 3, (row + 1) * width * 3), 3 * at);
      }
      place++;
    }
    return { width: stride, height, rgb };
  } finally {
    await video.close();
  }
}
