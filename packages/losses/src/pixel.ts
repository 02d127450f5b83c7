// B clips, M masked tokens, P pixels of a token (frames of a tubelet times patch times patch), 3 channels of a pixel.
import {
  add,
  cast,
  divide,
  mean,
  multiply,
  reshape,
  scope,
  sqrt,
  square,
  stopGradient,
  subtract,
  tensorLike,
  transpose,
  withoutGradients,
  type Tensor,
} from '@umt/tensor';

/** Red, green and blue. */
export type RgbTriple = readonly [number, number, number];

/** How pixels become the target. */
export interface VideoMaeTargetOptions {
  /**
   * Whether each channel of each token is brought to mean 0 and variance 1 over the token's pixels (VideoMAE's
   * `normlize_target`). Default true; otherwise the target is the pixels in [0, 1].
   */
  readonly standardize?: boolean;
  /** What was subtracted from the video's pixels in [0, 1] before they were divided by `std`. Default ImageNet's. */
  readonly mean?: RgbTriple;
  /** Default ImageNet's. */
  readonly std?: RgbTriple;
}

const IMAGENET_MEAN: RgbTriple = [0.485, 0.456, 0.406];
const IMAGENET_STD: RgbTriple = [0.229, 0.224, 0.225];

/** Is added to the standard deviation, outside the root, as in the reference. */
const EPSILON = 1e-6;

/**
 * What VideoMAE has to predict of its masked tokens (reference behaviour): the pixels brought back to [0, 1], by default
 * standardised per token and channel as (v - mean) / (sqrt(unbiased variance) + 1e-6). No gradient flows through it.
 *
 * @param patches_BMV patch vectors [B, M, 3 P] of the masked tokens, in (channel, pixel) order, as `patchVectors` of
 *   @umt/tokenizer cuts them from a normalised video
 * @returns float32 [B, M, 3 P] in (pixel, channel) order, the channel fastest
 * @throws RangeError when the last axis is not 3 P, or one pixel per token is to be standardised
 */
export function videoMaeTarget(patches_BMV: Tensor, options: VideoMaeTargetOptions = {}): Tensor {
  const { standardize = true } = options;
  const { shape } = patches_BMV;
  const pixels = (shape.at(-1) ?? 0) / 3;
  if (shape.length !== 3 || !Number.isInteger(pixels) || pixels < 1) {
    throw new RangeError(`pixel target: expected patch vectors [B, M, 3 P], got [${shape.join(', ')}]`);
  }
  if (standardize && pixels === 1) {
    throw new RangeError('pixel target: tokens of one pixel have no variance; set standardize to false');
  }
  return withoutGradients(() =>
    scope(() => {
      const byChannel = reshape(cast(patches_BMV, 'float32'), [-1, 3, pixels]);
      const unnormalized = toUnitRange(byChannel, options);
      const values = standardize ? standardized(unnormalized, pixels) : unnormalized;
      return reshape(transpose(values, [0, 2, 1]), shape);
    }),
  );
}

/**
 * VideoMAE's loss: the mean over all elements of the squared difference. No gradient reaches the target.
 *
 * @param prediction_BMV [B, M, 3 P]
 * @param target_BMV the same shape, from `videoMaeTarget`
 * @returns a scalar
 * @throws RangeError when the shapes differ
 */
export function pixelLoss(prediction_BMV: Tensor, target_BMV: Tensor): Tensor {
  const shapes = [prediction_BMV, target_BMV].map(({ shape }) => `[${shape.join(', ')}]`);
  if (shapes[0] !== shapes[1]) {
    throw new RangeError(`pixel loss: prediction ${shapes[0]} and target ${shapes[1]} must have one shape`);
  }
  return scope(() => mean(square(subtract(prediction_BMV, stopGradient(target_BMV)))));
}

/** [tokens, 3, P] normalised -> in [0, 1] */
function toUnitRange(byChannel: Tensor, { mean = IMAGENET_MEAN, std = IMAGENET_STD }: VideoMaeTargetOptions): Tensor {
  const perChannel = (values: RgbTriple) => tensorLike(byChannel, Float32Array.from(values), [3, 1], 'float32');
  return add(multiply(byChannel, perChannel(std)), perChannel(mean));
}

/** Over the last axis of [tokens, 3, P]. */
function standardized(values: Tensor, pixels: number): Tensor {
  const centred = subtract(values, mean(values, { axes: -1, keepAxes: true }));
  const biased = mean(square(centred), { axes: -1, keepAxes: true });
  const deviation = sqrt(multiply(biased, pixels / (pixels - 1)));
  return divide(centred, add(deviation, EPSILON));
}
