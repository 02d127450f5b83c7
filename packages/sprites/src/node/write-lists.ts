import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { captionsOf } from '../captions.ts';
import type { GroundPicture } from '../ground.ts';
import { questionsOf, SPRITE_ANSWERS } from '../questions.ts';
import type { ClipSet, ListedClip } from '../clip-set.ts';

/**
 * Writes what is known of the clips, with paths relative to the folder: `labels.csv` (file_name, label), `captions.jsonl`
 * (file_name, captions), `questions.jsonl` (file_name, question, answer) and `answers.json`, the answers there are.
 */
export async function writeLists(
  folder: string,
  { split, seed, kinds, size, frames }: ClipSet,
  clips: readonly ListedClip[],
  pictures: readonly GroundPicture[],
): Promise<void> {
  const described = clips.map(({ file, label, index }) => {
    const clip = { spriteClass: label, split, seed, index, kinds, size, frames, pictures };
    return { file_name: file, label, captions: captionsOf(clip), questions: questionsOf(clip) };
  });
  const labels = described.map(({ file_name, label }) => `${file_name},${label}`);
  const captions = described.map(({ file_name, captions: texts }) => JSON.stringify({ file_name, captions: texts }));
  const questions = described.flatMap(({ file_name, questions: asked }) =>
    asked.map((one) => JSON.stringify({ file_name, ...one })),
  );
  const files = {
    'answers.json': [JSON.stringify(SPRITE_ANSWERS)],
    'captions.jsonl': captions,
    'questions.jsonl': questions,
    'labels.csv': ['file_name,label', ...labels],
  };
  for (const [name, lines] of Object.entries(files)) {
    const path = join(folder, name);
    await writeFile(`${path}.part`, `${lines.join('\n')}\n`);
    await rename(`${path}.part`, path);
  }
}
