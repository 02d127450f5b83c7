import type { TypedArray } from '@umt/tensor';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import type { ClipPicture } from '../report/report-data.ts';
import { frameStrip } from '../training/frame-strip.ts';
import { spread } from '../training/spread.ts';
import { inspectClips } from './evaluate.ts';
import type { FrozenTeacher } from './frozen-teacher.ts';
import type { NamedBatch } from './held-out.ts';

/** Looks at some clips through teacher and mask, for the report: one of each video, of videos spread over the list. */
export async function pictureClips(
  teacher: FrozenTeacher,
  config: PretrainConfig,
  batches: readonly NamedBatch[],
): Promise<readonly ClipPicture[]> {
  const wanted = new Set(spread([...new Set(batches.flatMap(({ paths }) => paths))], config.report.clips));
  const pictures: ClipPicture[] = [];
  for (const [index, batch] of batches.entries()) {
    if (!batch.paths.some((path) => wanted.has(path))) continue;
    const seen = await inspectClips({ teacher, config }, batch, index);
    for (const [clip, path] of batch.paths.entries()) {
      if (wanted.delete(path)) pictures.push(pictureOf(batch, clip, seen, config));
    }
  }
  return pictures;
}

function pictureOf(
  { video, shape, paths }: NamedBatch,
  clip: number,
  { visible, attention }: Awaited<ReturnType<typeof inspectClips>>,
  config: PretrainConfig,
): ClipPicture {
  const [clips = 0, frames = 0, size = 0] = shape;
  const { tubelet } = config.student;
  const path = paths[clip] ?? `clip ${clip}`;
  const part = <Values extends TypedArray>(values: Values) => {
    const length = values.length / clips;
    return values.subarray(clip * length, (clip + 1) * length);
  };
  return {
    name: path.split(/[/\\]/).at(-1) ?? path,
    strip: frameStrip(part(video), frames / tubelet, size, tubelet),
    frames: frames / tubelet,
    grid: config.video.size / config.student.patchSize,
    attention: attention && part(attention),
    visible: Array.from(part(visible)),
  };
}
