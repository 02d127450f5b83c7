// B clips of T frames with P patches each, V of them visible.
import { random } from '@umt/random';
import {
  add,
  cast,
  divide,
  greater,
  isFinite,
  logicalAnd,
  max,
  negative,
  reshape,
  scope,
  sum,
  tensorLike,
  topK,
  type Tensor,
} from '@umt/tensor';

/** What decides the draws of a batch. */
export interface MaskDraw {
  readonly seed: number;
  /** Optimizer step. */
  readonly step: number;
  /** Of each clip in the batch, its place in the whole batch of the step, over ranks and accumulated micro-batches. */
  readonly samples: readonly number[];
}

/**
 * The random part of an attention-guided mask, to be uploaded with the batch: exponential numbers of mean 1, all greater
 * than 0, `numbersPerClip` (frames times patches) for each clip, clip after clip. A clip's numbers depend on seed, step
 * and its sample number alone.
 */
export function exponentialNoise({ seed, step, samples }: MaskDraw, numbersPerClip: number): Float32Array {
  const noise = new Float32Array(samples.length * numbersPerClip);
  for (const [row, sample] of samples.entries()) {
    const own = noise.subarray(row * numbersPerClip, (row + 1) * numbersPerClip);
    random({ seed, stream: 'mask', step, index: sample }).fillExponential(own);
  }
  return noise;
}

/** How visible patches are drawn. */
export interface VisibleDraw {
  /** Patches kept of every frame. */
  readonly visiblePerFrame: number;
  /** Frames of a clip. */
  readonly frames: number;
}

/**
 * Draws the visible patches of every frame by the teacher's class attention, on the device: sampling without replacement
 * with the attention as weights (UMT section 3.2). The V largest of attention / noise, with exponential noise, are such a
 * sample (as in Efraimidis and Spirakis, "Weighted random sampling with a reservoir"). Weights need no normalisation; zeros
 * are drawn last, in index order. A frame whose weights are all zero or not finite has no such sample and gets meaningless
 * patches instead of an error, because finding out would mean waiting for the device: hold an update back with `isDrawable`.
 *
 * @param attention_FP float32 [B T, P], not negative
 * @param noise_FP float32 [B T, P] from `exponentialNoise`
 * @returns int32 [B, T V], token numbers within the clip (frame * P + patch), ascending
 * @throws RangeError when shapes, frames or the visible count do not fit
 */
export function drawVisible(attention_FP: Tensor, noise_FP: Tensor, { visiblePerFrame, frames }: VisibleDraw): Tensor {
  const [rows = 0, patches = 0] = attention_FP.shape;
  checkDraw(attention_FP, noise_FP, visiblePerFrame, frames);
  return scope(() => {
    const drawn = topK(divide(attention_FP, noise_FP), visiblePerFrame).indices;
    // Only floats can be sorted: the largest of the negatives, in descending order, are the ascending indices.
    const ascending = negative(topK(negative(cast(drawn, 'float32')), visiblePerFrame).values);
    const firstOfFrame = Float32Array.from({ length: rows }, (_, row) => (row % frames) * patches);
    const tokens = add(ascending, tensorLike(attention_FP, firstOfFrame, [rows, 1], 'float32'));
    return reshape(cast(tokens, 'int32'), [rows / frames, frames * visiblePerFrame]);
  });
}

/**
 * Whether every row of the attention can be drawn from: finite, and not all zero. A bool scalar that stays on the device,
 * to be joined to the condition under which an update is applied.
 *
 * @param attention_FP float32 [B T, P]
 */
export function isDrawable(attention_FP: Tensor): Tensor {
  return scope(() => {
    const smallestRow = negative(max(negative(sum(attention_FP, { axes: 1 }))));
    return logicalAnd(greater(smallestRow, 0), isFinite(sum(attention_FP)));
  });
}

function checkDraw(attention: Tensor, noise: Tensor, visible: number, frames: number): void {
  const [rows = 0, patches = 0] = attention.shape;
  const sameShape = attention.shape.length === 2 && noise.shape.length === 2 && noise.shape[0] === rows;
  if (!sameShape || noise.shape[1] !== patches) {
    throw new RangeError(
      `mask: attention [${attention.shape.join(', ')}] and noise [${noise.shape.join(', ')}] must both be [B T, P]`,
    );
  }
  if (!Number.isInteger(rows / frames)) {
    throw new RangeError(`mask: attention over ${rows} frames does not split into clips of ${frames}`);
  }
  if (!Number.isInteger(visible) || visible < 1 || visible > patches) {
    throw new RangeError(`mask: ${visible} visible patches per frame, where a frame has ${patches}`);
  }
}
