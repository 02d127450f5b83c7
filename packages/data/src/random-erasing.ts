import type { RandomStream } from '@umt/random';
import { roundHalfToEven } from '@umt/video';
import type { Box } from './multi-scale-crop.ts';

const ATTEMPTS = 100;
const AREA = [0.02, 1 / 3] as const;
const ASPECT = [0.3, 1 / 0.3] as const;

/** How parts of a clip are erased. */
export interface ErasingOptions {
  /** How likely a clip is erased from. Default 0.25. */
  readonly probability?: number;
  /** Noise for each pixel and channel (`pixel`, the default), one random colour a frame (`rand`), or zeros (`const`). */
  readonly mode?: 'pixel' | 'rand' | 'const';
  /** Rectangles of a clip, which share the area. Default 1. */
  readonly count?: number;
}

/**
 * Draws the rectangles to erase from a clip: none with 1 - probability. An area uniform in [1/50, 1/3] of the frame (by
 * `count`), height by width log-uniform in [0.3, 1 / 0.3], at a uniform place; up to 100 tries until one is smaller than
 * the frame. (UMT fine-tuning.)
 */
export function drawErasing(
  width: number,
  height: number,
  { probability = 0.25, count = 1 }: ErasingOptions,
  stream: RandomStream,
): readonly Box[] {
  if (stream.uniform() >= probability) return [];
  const boxes: Box[] = [];
  for (let i = 0; i < count; i++) {
    const box = drawBox(width, height, count, stream);
    if (box !== undefined) boxes.push(box);
  }
  return boxes;
}

function drawBox(width: number, height: number, count: number, stream: RandomStream): Box | undefined {
  const logLow = Math.log(ASPECT[0]);
  const logHigh = Math.log(ASPECT[1]);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = ((AREA[0] + (AREA[1] - AREA[0]) * stream.uniform()) * width * height) / count;
    const aspect = Math.exp(logLow + (logHigh - logLow) * stream.uniform());
    const h = roundHalfToEven(Math.sqrt(area * aspect));
    const w = roundHalfToEven(Math.sqrt(area / aspect));
    if (w < 1 || h < 1 || w >= width || h >= height) continue;
    const y0 = stream.integer(0, height - h);
    const x0 = stream.integer(0, width - w);
    return [x0, y0, x0 + w, y0 + h];
  }
  return undefined;
}

/**
 * Erases a rectangle from every frame of a clip, in place: the same rectangle, standard normal numbers drawn anew for each
 * frame. After normalisation, as the numbers' mean and spread suppose.
 *
 * @param clip [T, size, size, 3]
 */
export function eraseBox(
  clip: Float32Array,
  size: number,
  [x0, y0, x1, y1]: Box,
  mode: 'pixel' | 'rand' | 'const',
  stream: RandomStream,
): void {
  const row = (x1 - x0) * 3;
  const noise = new Float32Array(mode === 'pixel' ? row * (y1 - y0) : row);
  const color = new Float32Array(3);
  for (let frame = 0; frame < clip.length; frame += size * size * 3) {
    if (mode === 'pixel') stream.fillNormal(noise);
    if (mode === 'rand') {
      stream.fillNormal(color);
      for (let i = 0; i < row; i += 3) noise.set(color, i);
    }
    for (let y = y0; y < y1; y++) {
      const from = mode === 'pixel' ? (y - y0) * row : 0;
      clip.set(noise.subarray(from, from + row), frame + (y * size + x0) * 3);
    }
  }
}
