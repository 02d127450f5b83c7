import type { TypedArray } from '@umt/tensor';
import { IMAGENET_MEAN, IMAGENET_STD } from '@umt/video';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import type { ClipPicture } from '../report/report-data.ts';
import { inspectClips } from './evaluate.ts';
import type { FrozenTeacher } from './frozen-teacher.ts';
import type { NamedBatch } from './held-out.ts';

/** Frames in the report are at most this wide and high. */
const MAX_SIZE = 128;

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

/** At most `count` of a list, evenly spread and with the last one. */
function spread<T>(list: readonly T[], count: number): readonly T[] {
  if (list.length <= count) return list;
  return Array.from({ length: count }, (_, i) => list[Math.floor(((i + 1) * list.length) / count) - 1]).filter(
    (one) => one !== undefined,
  );
}

/**
 * The middle one of each `step` normalised frames [T, S, S, 3] as one RGB picture, side by side, made smaller by averaging whole
 * pixels.
 */
function frameStrip(pixels: ArrayLike<number>, frames: number, size: number, step: number): ClipPicture['strip'] {
  const shrink = Math.ceil(size / MAX_SIZE);
  const side = Math.floor(size / shrink);
  const width = side * frames;
  const middle = Math.floor(step / 2);
  const rgb = new Uint8Array(width * side * 3);
  for (let frame = 0; frame < frames; frame++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        for (const [channel, mean] of IMAGENET_MEAN.entries()) {
          let sum = 0;
          for (let dy = 0; dy < shrink; dy++) {
            for (let dx = 0; dx < shrink; dx++) {
              const at = ((frame * step + middle) * size + y * shrink + dy) * size + x * shrink + dx;
              sum += pixels[at * 3 + channel] ?? 0;
            }
          }
          const value = (sum / shrink ** 2) * (IMAGENET_STD[channel] ?? 1) + mean;
          rgb[(y * width + frame * side + x) * 3 + channel] = Math.round(255 * Math.min(1, Math.max(0, value)));
        }
      }
    }
  }
  return { width, height: side, rgb };
}
