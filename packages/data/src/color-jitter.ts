import type { RandomStream } from '@umt/random';

type Adjustment = 'brightness' | 'contrast' | 'saturation';

/** Adjustments of a clip in the order they are applied, each with its factor; 1 leaves a frame as it is. */
export type ColorJitter = readonly (readonly [Adjustment, number])[];

const ADJUSTMENTS: readonly Adjustment[] = ['brightness', 'contrast', 'saturation'];

/**
 * Draws one jitter for a whole clip: factors uniform in [max(0, 1 - strength), 1 + strength], in random order. (The
 * reference draws anew for every frame of a clip, which flickers; this deviation is deliberate.)
 */
export function drawColorJitter(strength: number, stream: RandomStream): ColorJitter {
  const low = Math.max(0, 1 - strength);
  const factors = ADJUSTMENTS.map((name) => [name, low + (1 + strength - low) * stream.uniform()] as const);
  return stream.shuffle(factors);
}

/**
 * Applies a jitter to one frame in place, with Pillow's ImageEnhance formulas in floating point.
 *
 * @param rgb [H, W, 3] values in [0, 1]
 */
export function applyColorJitter(rgb: Float32Array, jitter: ColorJitter): void {
  for (const [adjustment, factor] of jitter) {
    if (adjustment === 'brightness') blend(rgb, factor, () => 0);
    else if (adjustment === 'saturation') blend(rgb, factor, (i) => luma(rgb, i));
    else {
      const grey = meanLuma(rgb);
      blend(rgb, factor, () => grey);
    }
  }
}

/** Moves every pixel towards (factor < 1) or away from (factor > 1) a grey level and clips to [0, 1]. */
function blend(rgb: Float32Array, factor: number, greyOf: (i: number) => number): void {
  for (let i = 0; i < rgb.length; i += 3) {
    const grey = greyOf(i);
    for (let channel = i; channel < i + 3; channel++) {
      const value = grey + factor * ((rgb[channel] ?? 0) - grey);
      rgb[channel] = value < 0 ? 0 : value > 1 ? 1 : value;
    }
  }
}

/** ITU-R 601 luma, as Pillow turns RGB into grey. */
function luma(rgb: Float32Array, i: number): number {
  return 0.299 * (rgb[i] ?? 0) + 0.587 * (rgb[i + 1] ?? 0) + 0.114 * (rgb[i + 2] ?? 0);
}

/** Mean luma of the frame, to the 255th as in Pillow. */
function meanLuma(rgb: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < rgb.length; i += 3) sum += luma(rgb, i);
  return Math.floor((255 * sum) / (rgb.length / 3) + 0.5) / 255;
}
