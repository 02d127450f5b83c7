import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { GroundPicture } from '../ground.ts';
import { renderSpriteClip } from '../render-sprite-clip.ts';
import { toYuv420 } from '../yuv420.ts';
import { listedClip, type ClipSet } from '../clip-set.ts';
import type { EncoderName } from '../write-sprite-clips.ts';
import { openEncoder, type Encoder } from './encoder.ts';

/** Clips to write, divided among threads as they get through: plain data and shared memory. */
export interface ClipWork {
  readonly folder: string;
  /** Folder within the set's for files that are being written. */
  readonly unfinished: string;
  readonly set: ClipSet;
  readonly pictures: readonly GroundPicture[];
  readonly encoder: EncoderName | null;
  /** Numbers of the clips to write. */
  readonly numbers: Int32Array;
  /** Shared: the place in `numbers` that comes next, and 1 where all shall stop. */
  readonly control: Int32Array;
}

/** Place in {@link ClipWork.control} of what comes next. */
export const NEXT = 0;
/** Place in {@link ClipWork.control} of the order to stop. */
export const STOP = 1;

/** Clips under way at once in a thread: while one is encoded, the next is rendered. */
const AT_ONCE = 2;

/**
 * Renders and encodes clips until none is left or all shall stop. A file has its name only once it is whole.
 * @param thread number of the thread, which no other that works on the set has
 */
export async function workThrough(work: ClipWork, thread: number, onWritten: () => void): Promise<void> {
  const { control, numbers, encoder } = work;
  const encode = await openEncoder(encoder ?? undefined);
  const runLane = async (lane: number) => {
    while (Atomics.load(control, STOP) === 0) {
      const number = numbers[Atomics.add(control, NEXT, 1)];
      if (number === undefined) return;
      await writeClip(work, encode, number, `${thread}-${lane}.mp4`);
      onWritten();
    }
  };
  const lanes = Array.from({ length: AT_ONCE }, (_, lane) =>
    runLane(lane).catch((error: unknown) => {
      Atomics.store(control, STOP, 1); // the other lanes and threads end too
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(lanes)).find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

async function writeClip(
  { folder, unfinished, set, pictures }: ClipWork,
  encode: Encoder,
  number: number,
  name: string,
): Promise<void> {
  const { classes, split, seed, kinds, size, frames, fps } = set;
  const { label, index, file } = listedClip(classes, number);
  const { rgb } = renderSpriteClip({ spriteClass: label, split, seed, index, size, frames, kinds, pictures });
  const length = size * size * 3;
  const planes = Array.from({ length: frames }, (_, frame) =>
    toYuv420(rgb.subarray(frame * length, (frame + 1) * length), size),
  );
  const draft = join(folder, unfinished, name);
  await encode(draft, { size, framesPerSecond: fps, frames: planes });
  await rename(draft, join(folder, file));
}
