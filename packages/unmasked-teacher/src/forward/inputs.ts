import { toFloat32, type CheckpointTensor } from '@umt/checkpoint';
import { visibleOf } from '@umt/masking';
import { tensor, type Tensor } from '@umt/tensor';

/** Tensors that a model is run on cannot be used. The message is one line that names the tensor and what it must be. */
export class ForwardInputError extends Error {
  override readonly name = 'ForwardInputError';
}

/** What a model is run on, in the reference's layouts. */
export interface ForwardInputs {
  /** [B, 3, T, H, W], normalised. */
  readonly video: CheckpointTensor;
  /** [B, N], any number type or bool: not 0 where a token is dropped. */
  readonly mask?: CheckpointTensor;
  /** What the output is compared with: features, pixels or class indices. */
  readonly target?: CheckpointTensor;
}

/** The video's own measures. */
export interface VideoSize {
  readonly frames: number;
  readonly height: number;
  readonly width: number;
}

/**
 * The video on the device, its channels last: [B, T, H, W, 3].
 *
 * @param expected the size the model takes; a number that is left out may be any
 * @throws ForwardInputError when it has another shape
 */
export function videoTensor(video: CheckpointTensor, expected: Partial<VideoSize>): Tensor {
  const [batch = 0, channels = 0, frames = 0, height = 0, width = 0] = video.shape;
  const { frames: T = 'T', height: H = 'H', width: W = 'W' } = expected;
  const fits = [
    [T, frames],
    [H, height],
    [W, width],
  ].every(([wanted, found]) => typeof wanted === 'string' || wanted === found);
  if (video.shape.length !== 5 || channels !== 3 || batch < 1 || !fits) {
    const isLast = video.shape.length === 5 && video.shape[4] === 3;
    const hint = isLast ? '; its channels come second, before the frames' : '';
    throw new ForwardInputError(`video: expected [B, 3, ${T}, ${H}, ${W}], got ${show(video.shape)}${hint}`);
  }
  const pixels = frames * height * width;
  const source = toFloat32(video, 'video');
  const channelsLast = new Float32Array(source.length);
  for (let plane = 0; plane < batch * 3; plane++) {
    const clip = Math.floor(plane / 3);
    const channel = plane % 3;
    const values = source.subarray(plane * pixels, (plane + 1) * pixels);
    for (let pixel = 0; pixel < pixels; pixel++) {
      channelsLast[(clip * pixels + pixel) * 3 + channel] = values[pixel] ?? 0;
    }
  }
  return tensor(channelsLast, [batch, frames, height, width, 3]);
}

/** The tokens that a mask leaves, ascending in every clip. */
export interface VisibleTokens {
  /** [B, M], row-major. */
  readonly numbers: Int32Array;
  /** M, of every clip. */
  readonly count: number;
}

/**
 * The visible tokens of a mask [B, N]; all of them without a mask.
 *
 * @throws ForwardInputError when the mask has another size or leaves more tokens of one clip than of another, or none
 */
export function visibleTokens(mask: CheckpointTensor | undefined, clips: number, tokens: number): VisibleTokens {
  if (!mask) {
    const numbers = Int32Array.from({ length: clips * tokens }, (_, index) => index % tokens);
    return { numbers, count: tokens };
  }
  const values = toFloat32(mask, 'mask');
  if (mask.shape[0] !== clips || values.length !== clips * tokens) {
    throw new ForwardInputError(`mask: expected [${clips}, ${tokens}], one of every token, got ${show(mask.shape)}`);
  }
  const rows = Array.from({ length: clips }, (_, clip) =>
    visibleOf(values.subarray(clip * tokens, (clip + 1) * tokens)),
  );
  const counts = rows.map(({ length }) => length);
  const [count = 0] = counts;
  if (counts.some((one) => one !== count)) {
    throw new ForwardInputError(
      `mask: it leaves ${counts.join(', ')} tokens of the clips (0 is visible); they must be as many of each`,
    );
  }
  if (count === 0) throw new ForwardInputError('mask: it drops every token (0 is visible, 1 is dropped)');
  const numbers = new Int32Array(clips * count);
  for (const [clip, row] of rows.entries()) numbers.set(row, clip * count);
  return { numbers, count };
}

/**
 * A target of floats on the device.
 *
 * @param shapes any of which it may have
 * @throws ForwardInputError when it has none of them
 */
export function featureTarget(target: CheckpointTensor, shapes: readonly (readonly number[])[]): Tensor {
  const { shape } = target;
  if (!shapes.some((one) => one.join() === shape.join())) {
    throw new ForwardInputError(`target: expected ${[...new Set(shapes.map(show))].join(' or ')}, got ${show(shape)}`);
  }
  return tensor(toFloat32(target, 'target'), shape);
}

/**
 * Class numbers [B] from a target of any integer type.
 *
 * @throws ForwardInputError when it has another shape, is not of integers, or names a class that there is not
 */
export function classTarget(target: CheckpointTensor, clips: number, classes: number): Int32Array {
  if (target.shape.length !== 1 || target.shape[0] !== clips || !/^[IU]\d/.test(target.dtype)) {
    throw new ForwardInputError(
      `target: expected class numbers [${clips}], int32 or int64, got ${target.dtype} ${show(target.shape)}`,
    );
  }
  const labels = Int32Array.from(target.data, Number);
  const odd = labels.find((label) => label < 0 || label >= classes);
  if (odd !== undefined) throw new ForwardInputError(`target: there is no class ${odd} of ${classes}`);
  return labels;
}

function show(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
