import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SPRITE_CLASSES, type SpriteClass } from '../classes.ts';
import type { SpriteSplit } from '../palette.ts';
import { renderSpriteClip } from '../render-sprite-clip.ts';
import { toYuv420 } from '../yuv420.ts';
import { openEncoder, type Encoder, type EncoderName } from './encoder.ts';

/** Which clips to write, and their format. */
export interface WriteSpriteClipsOptions {
  /** Default all ten. */
  readonly classes?: readonly SpriteClass[];
  readonly clipsPerClass: number;
  /** An integer, 0 <= seed < 2^53. */
  readonly seed: number;
  /** Shapes and hues of `test` are never seen in `train`. */
  readonly split: SpriteSplit;
  /** Pixels of each side: even. Default 64. */
  readonly size?: number;
  /** Frames of a clip. Default 16. */
  readonly frames?: number;
  /** Frames per second. Default 8. */
  readonly fps?: number;
  /** What encodes. Default: node-av where it is installed, else the ffmpeg program. */
  readonly encoder?: EncoderName;
}

/** A clip that was written. */
export interface WrittenSpriteClip {
  readonly path: string;
  readonly label: SpriteClass;
}

/** Clips under way at once: while one is encoded, the next is rendered. */
const AT_ONCE = 2;

/**
 * Writes generated clips as mp4 files (H.264, every frame coded by itself), in a folder for each class:
 * `<folder>/move-left/00000.mp4`. Files that are there already are replaced.
 *
 * @returns the clips, class by class
 * @throws RangeError for options out of range
 * @throws NoEncoderError where nothing that encodes H.264 is installed
 */
export async function writeSpriteClips(
  folder: string,
  options: WriteSpriteClipsOptions,
): Promise<readonly WrittenSpriteClip[]> {
  const { classes = SPRITE_CLASSES, clipsPerClass, seed, split, size = 64, frames = 16, fps = 8 } = options;
  requireWhole('clipsPerClass', clipsPerClass);
  requireWhole('fps', fps);
  if (size % 2 !== 0) throw new RangeError(`sprite clips: size must be even, as H.264 wants it, got ${size}`);
  const jobs = classes.flatMap((label) =>
    Array.from({ length: clipsPerClass }, (_, index) => ({
      label,
      index,
      path: join(folder, label, `${String(index).padStart(5, '0')}.mp4`),
    })),
  );
  const encode = await openEncoder(options.encoder);
  for (const label of classes) await mkdir(join(folder, label), { recursive: true });

  const waiting = jobs.values();
  const work = async () => {
    for (const { label, index, path } of waiting) {
      const clip = renderSpriteClip({ spriteClass: label, split, seed, index, size, frames });
      await writeClip(encode, path, clip.rgb, size, fps);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return jobs.map(({ path, label }) => ({ path, label }));
}

async function writeClip(encode: Encoder, path: string, rgb: Uint8Array, size: number, fps: number): Promise<void> {
  const length = size * size * 3;
  const frames = Array.from({ length: rgb.length / length }, (_, frame) =>
    toYuv420(rgb.subarray(frame * length, (frame + 1) * length), size),
  );
  await encode(path, { size, framesPerSecond: fps, frames });
}

function requireWhole(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new RangeError(`sprite clips: ${name} must be a whole number from 1 on, got ${value}`);
}
