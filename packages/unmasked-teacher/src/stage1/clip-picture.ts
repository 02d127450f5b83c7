import { IMAGENET_MEAN, IMAGENET_STD } from '@umt/video';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import type { ClipPicture } from '../report/report-data.ts';
import { inspectClips } from './evaluate.ts';
import type { FrozenTeacher } from './frozen-teacher.ts';
import type { NamedBatch } from './held-out.ts';

/** Frames in the report are at most this wide and high. */
const MAX_SIZE = 128;

/** Looks at some clips through teacher and mask, each of another video, for the report. */
export async function pictureClips(
  teacher: FrozenTeacher,
  config: PretrainConfig,
  batches: readonly NamedBatch[],
): Promise<readonly ClipPicture[]> {
  const pictures = new Map<string, ClipPicture>();
  for (const [index, batch] of batches.entries()) {
    if (pictures.size >= config.report.clips) break;
    const [clips = 0, frames = 0, size = 0] = batch.shape;
    const { visible, attention } = await inspectClips({ teacher, config }, batch, index);
    const grid = config.video.size / config.student.patchSize;
    const tokens = frames * grid ** 2;
    for (let clip = 0; clip < clips && pictures.size < config.report.clips; clip++) {
      const path = batch.paths[clip] ?? `clip ${clip}`;
      if (pictures.has(path)) continue;
      const pixels = batch.video.subarray(clip * frames * size * size * 3, (clip + 1) * frames * size * size * 3);
      pictures.set(path, {
        name: path.split(/[/\\]/).at(-1) ?? path,
        strip: frameStrip(pixels, frames, size),
        frames,
        grid,
        attention: attention?.slice(clip * tokens, (clip + 1) * tokens) ?? null,
        visible: Array.from(
          visible.slice((clip * visible.length) / clips, ((clip + 1) * visible.length) / clips),
          Number,
        ),
      });
    }
  }
  return [...pictures.values()];
}

/** Normalised frames [T, S, S, 3] as one RGB picture, side by side, made smaller by averaging whole pixels. */
function frameStrip(pixels: Float32Array, frames: number, size: number): ClipPicture['strip'] {
  const shrink = Math.ceil(size / MAX_SIZE);
  const side = Math.floor(size / shrink);
  const width = side * frames;
  const rgb = new Uint8Array(width * side * 3);
  for (let frame = 0; frame < frames; frame++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        for (const [channel, mean] of IMAGENET_MEAN.entries()) {
          let sum = 0;
          for (let dy = 0; dy < shrink; dy++) {
            for (let dx = 0; dx < shrink; dx++) {
              const at = (frame * size + y * shrink + dy) * size + x * shrink + dx;
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
