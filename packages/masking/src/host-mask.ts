import { random, type RandomStream } from '@umt/random';
import type { MaskDraw } from './attention-mask.ts';
import { visibleCount } from './visible-count.ts';

/** The tokens of a clip: frames of rows x columns patches. */
export interface MaskGrid {
  readonly frames: number;
  readonly rows: number;
  readonly columns: number;
}

/**
 * A tube mask (VideoMAE): one spatial pattern, the same in every frame.
 *
 * @param ratio fraction of a frame's patches that is dropped
 * @returns the visible token numbers of one clip, ascending: frames * visibleCount(rows * columns, ratio)
 */
export function tubeVisible({ frames, rows, columns }: MaskGrid, ratio: number, stream: RandomStream): Int32Array {
  const patches = rows * columns;
  const pattern = chosen(patches, visibleCount(patches, ratio), stream);
  const visible = new Int32Array(frames * pattern.length);
  for (let frame = 0; frame < frames; frame++) {
    for (const [index, patch] of pattern.entries()) visible[frame * pattern.length + index] = frame * patches + patch;
  }
  return visible;
}

/**
 * A random mask: tokens of the whole clip, however they fall on its frames.
 *
 * @param ratio fraction of the clip's tokens that is dropped
 * @returns the visible token numbers of one clip, ascending: visibleCount(frames * rows * columns, ratio)
 */
export function randomVisible({ frames, rows, columns }: MaskGrid, ratio: number, stream: RandomStream): Int32Array {
  const tokens = frames * rows * columns;
  return chosen(tokens, visibleCount(tokens, ratio), stream);
}

/** A mask that is drawn on the host, without looking at the clip. */
export type HostMaskKind = 'tube' | 'random';

/**
 * The masks of a batch, each clip's from its own random numbers.
 *
 * @returns visible token numbers [B, M], row-major, each row ascending
 */
export function hostVisible(kind: HostMaskKind, grid: MaskGrid, ratio: number, draw: MaskDraw): Int32Array {
  const ofClip = kind === 'tube' ? tubeVisible : randomVisible;
  const rows = draw.samples.map((sample) =>
    ofClip(grid, ratio, random({ seed: draw.seed, stream: 'mask', step: draw.step, index: sample })),
  );
  const [first] = rows;
  const visible = new Int32Array(rows.length * (first?.length ?? 0));
  for (const [row, indices] of rows.entries()) visible.set(indices, row * indices.length);
  return visible;
}

/**
 * The tokens of a batch that are dropped, for models that predict them (VideoMAE).
 *
 * @param visible token numbers [clips, M], row-major, the same number of every clip
 * @param tokens of one clip
 * @returns [clips, tokens - M], row-major, each row ascending
 * @throws RangeError for a number that is no token of the clip or named twice, or clips of different lengths
 */
export function droppedTokens(visible: Int32Array, clips: number, tokens: number): Int32Array {
  const seen = visible.length / clips;
  if (!Number.isInteger(seen)) {
    throw new RangeError(`mask: ${visible.length} visible tokens do not split into ${clips} clips`);
  }
  const dropped = new Int32Array(clips * (tokens - seen));
  for (let clip = 0; clip < clips; clip++) {
    const mask = maskOf(visible.subarray(clip * seen, (clip + 1) * seen), tokens);
    const rest = visibleOf(mask.map((isDropped) => 1 - isDropped));
    if (rest.length !== tokens - seen) {
      throw new RangeError(`mask: clip ${clip} names ${tokens - rest.length} of ${tokens} tokens in ${seen} numbers`);
    }
    dropped.set(rest, clip * (tokens - seen));
  }
  return dropped;
}

/** The boolean mask of one clip from its visible tokens: 1 where a token is dropped. */
export function maskOf(visible: Int32Array, tokens: number): Uint8Array {
  const mask = new Uint8Array(tokens).fill(1);
  for (const token of visible) {
    if (!(token >= 0 && token < tokens)) throw new RangeError(`mask: token ${token} is not one of ${tokens}`);
    mask[token] = 0;
  }
  return mask;
}

/** The visible tokens of one clip, ascending, from its boolean mask (1 or true where a token is dropped). */
export function visibleOf(mask: ArrayLike<number | boolean>): Int32Array {
  return Int32Array.from(
    Array.from(mask, (isDropped, token) => (isDropped ? -1 : token)).filter((token) => token >= 0),
  );
}

/** `count` of 0 .. length - 1, each set equally likely, ascending. */
function chosen(length: number, count: number, stream: RandomStream): Int32Array {
  return Int32Array.from(stream.permutation(length).subarray(0, count)).sort();
}
