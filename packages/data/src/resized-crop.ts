import type { RandomStream } from '@umt/random';
import { roundHalfToEven } from '@umt/video';
import type { Box } from './multi-scale-crop.ts';

const ATTEMPTS = 10;

/** What a random crop may look like. */
export interface ResizedCropOptions {
  /** Area as a part of the frame, lowest and highest. Default [0.08, 1]. */
  readonly scale?: readonly [number, number];
  /** Width by height, lowest and highest. Default [0.75, 1.3333]. */
  readonly ratio?: readonly [number, number];
}

/**
 * Draws a crop of random area and aspect ratio, to be resized to a square: up to ten tries with an area uniform in `scale`
 * and a ratio log-uniform in `ratio`, at a uniform place; where none fits, the largest central crop within the ratios.
 * (UMT fine-tuning; Inception's crop.)
 */
export function drawResizedCrop(
  width: number,
  height: number,
  { scale = [0.08, 1], ratio = [0.75, 1.3333] }: ResizedCropOptions,
  stream: RandomStream,
): Box {
  const logLow = Math.log(ratio[0]);
  const logHigh = Math.log(ratio[1]);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = (scale[0] + (scale[1] - scale[0]) * stream.uniform()) * width * height;
    const aspect = Math.exp(logLow + (logHigh - logLow) * stream.uniform());
    const w = roundHalfToEven(Math.sqrt(area * aspect));
    const h = roundHalfToEven(Math.sqrt(area / aspect));
    if (w < 1 || w > width || h < 1 || h > height) continue;
    const x0 = stream.integer(0, width - w);
    const y0 = stream.integer(0, height - h);
    return [x0, y0, x0 + w, y0 + h];
  }
  return centralCrop(width, height, ratio);
}

function centralCrop(width: number, height: number, ratio: readonly [number, number]): Box {
  const aspect = width / height;
  const w = aspect > ratio[1] ? Math.max(1, roundHalfToEven(height * ratio[1])) : width;
  const h = aspect < ratio[0] ? Math.max(1, roundHalfToEven(width / ratio[0])) : height;
  const x0 = Math.floor((width - w) / 2);
  const y0 = Math.floor((height - h) / 2);
  return [x0, y0, x0 + w, y0 + h];
}
