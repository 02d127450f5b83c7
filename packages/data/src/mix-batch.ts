import { random } from '@umt/random';
import { checkProbability } from './clip-options.ts';
import type { ClipBatch } from './clip-batch.ts';
import { checkInteger, DataError } from './data-error.ts';
import type { Box } from './multi-scale-crop.ts';

/** How the clips of a batch are mixed. */
export interface MixOptions {
  /** Mixup's strength: lambda is drawn from Beta(mixup, mixup); 0 leaves it out. Default 0.8. */
  readonly mixup?: number;
  /** CutMix's strength: lambda is drawn from Beta(cutmix, cutmix); 0 leaves it out. Default 1. */
  readonly cutmix?: number;
  /** How likely a batch is mixed. Default 1. */
  readonly probability?: number;
  /** How likely CutMix is taken where both are on. Default 0.5. */
  readonly switchProbability?: number;
  /** Part of every label that is spread over all classes. Default 0.1. */
  readonly smoothing?: number;
  readonly classes: number;
  readonly seed: number;
  /** The training step: each draws anew. */
  readonly step: number;
}

/** A batch of mixed clips with soft labels. */
export interface MixedBatch {
  /** float32 [B, T, H, W, 3]; the batch's own where nothing was mixed. */
  readonly video: Float32Array;
  readonly shape: ClipBatch['shape'];
  /** float32 [B, classes], each row summing to 1. */
  readonly targets: Float32Array;
  /** What each clip keeps of itself; the rest is of clip B - 1 - i. 1 where nothing was mixed. */
  readonly lambda: number;
  readonly method: 'none' | 'mixup' | 'cutmix';
}

/**
 * Mixes every clip i with clip B - 1 - i and their labels with them, by one lambda for the whole batch: Mixup adds pixels,
 * CutMix puts a box of the partner into every frame, lambda then being the part outside the box. (UMT fine-tuning.)
 * A pure function of the batch and (seed, step).
 *
 * @throws DataError for an odd batch, a clip without one label below `classes`, or naming the option that is wrong
 */
export function mixBatch(
  batch: Pick<ClipBatch, 'video' | 'shape' | 'labels' | 'paths'>,
  options: MixOptions,
): MixedBatch {
  const { mixup = 0.8, cutmix = 1, probability = 1, switchProbability = 0.5, seed, step } = options;
  checkMix(options);
  const { shape, video } = batch;
  const [count, , height, width] = shape;
  if (count % 2 !== 0) throw new DataError(`a batch of ${count} cannot be mixed in pairs: make it even`);
  const stream = random({ seed, stream: 'data/mix', step });
  const isMixed = stream.uniform() < probability;
  const isCut = mixup === 0 || (cutmix > 0 && stream.uniform() < switchProbability);
  const drawn = isCut ? stream.beta(cutmix, cutmix) : stream.beta(mixup, mixup);
  if (!isMixed) return { video, shape, targets: mixedTargets(batch, 1, options), lambda: 1, method: 'none' };
  if (!isCut) {
    const targets = mixedTargets(batch, drawn, options);
    return { video: blend(batch, drawn), shape, targets, lambda: drawn, method: 'mixup' };
  }
  const box = cutBox(width, height, drawn, stream.integer(0, width - 1), stream.integer(0, height - 1));
  const lambda = 1 - ((box[2] - box[0]) * (box[3] - box[1])) / (width * height);
  const targets = mixedTargets(batch, lambda, options);
  return { video: paste(batch, box), shape, targets, lambda, method: 'cutmix' };
}

/**
 * CutMix's box around a centre: sqrt(1 - lambda) of the frame's width and height, truncated, half of it (floored) to each
 * side, clipped to the frame. (Reference behaviour.)
 */
export function cutBox(width: number, height: number, lambda: number, centerX: number, centerY: number): Box {
  const part = Math.sqrt(1 - lambda);
  const halfWidth = Math.floor(Math.trunc(width * part) / 2);
  const halfHeight = Math.floor(Math.trunc(height * part) / 2);
  return [
    Math.max(0, centerX - halfWidth),
    Math.max(0, centerY - halfHeight),
    Math.min(width, centerX + halfWidth),
    Math.min(height, centerY + halfHeight),
  ];
}

/**
 * Soft labels: lambda of the smoothed label of clip i and 1 - lambda of that of clip B - 1 - i. Smoothed, a label has
 * 1 - smoothing + smoothing / classes at its class and smoothing / classes elsewhere.
 *
 * @returns float32 [B, classes]
 */
export function mixedTargets(
  { labels, paths }: Pick<ClipBatch, 'labels' | 'paths'>,
  lambda: number,
  { classes, smoothing = 0.1 }: Pick<MixOptions, 'classes' | 'smoothing'>,
): Float32Array {
  const count = labels.length;
  const targets = new Float32Array(count * classes).fill(smoothing / classes);
  const on = 1 - smoothing + smoothing / classes;
  const off = smoothing / classes;
  const classAt = (i: number): number => {
    const label = labels[i];
    if (label !== undefined && label >= 0 && label < classes) return label;
    const found = label === undefined ? 'no single label' : `label ${label}, but there are ${classes} classes`;
    throw new DataError(`${paths[i] ?? `clip ${i}`}: it has ${found}: it cannot be mixed`);
  };
  for (let i = 0; i < count; i++) {
    const own = classAt(i);
    const other = classAt(count - 1 - i);
    const at = i * classes;
    if (own === other) targets[at + own] = on;
    else {
      targets[at + own] = lambda * on + (1 - lambda) * off;
      targets[at + other] = lambda * off + (1 - lambda) * on;
    }
  }
  return targets;
}

function blend({ video, shape }: Pick<ClipBatch, 'video' | 'shape'>, lambda: number): Float32Array {
  const [count] = shape;
  const length = video.length / count;
  const mixed = new Float32Array(video.length);
  for (let i = 0; i < count; i++) {
    const own = i * length;
    const other = (count - 1 - i) * length;
    for (let p = 0; p < length; p++) {
      mixed[own + p] = lambda * (video[own + p] as number) + (1 - lambda) * (video[other + p] as number);
    }
  }
  return mixed;
}

function paste({ video, shape }: Pick<ClipBatch, 'video' | 'shape'>, [x0, y0, x1, y1]: Box): Float32Array {
  const [count, frames, height, width] = shape;
  const mixed = video.slice();
  for (let frame = 0; frame < count * frames; frame++) {
    const clip = Math.floor(frame / frames);
    const partner = (count - 1 - clip) * frames + (frame % frames);
    for (let y = y0; y < y1; y++) {
      const from = (partner * height + y) * width * 3;
      mixed.set(video.subarray(from + x0 * 3, from + x1 * 3), ((frame * height + y) * width + x0) * 3);
    }
  }
  return mixed;
}

function checkMix(options: MixOptions): void {
  const { mixup = 0.8, cutmix = 1, probability = 1, switchProbability = 0.5, smoothing = 0.1, classes } = options;
  for (const [name, value] of Object.entries({ mixup, cutmix })) {
    if (!(value >= 0 && value < Infinity)) throw new DataError(`${name} must be 0 or more, got ${value}`);
  }
  if (mixup === 0 && cutmix === 0) {
    throw new DataError('mixup and cutmix are both 0: give the loss the labels as they are, there is nothing to mix');
  }
  checkProbability('probability', probability);
  checkProbability('switchProbability', switchProbability);
  checkProbability('smoothing', smoothing);
  checkInteger('classes', classes, 1);
}
