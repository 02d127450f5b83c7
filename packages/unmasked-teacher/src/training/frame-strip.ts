import { IMAGENET_MEAN, IMAGENET_STD } from '@umt/video';
import type { FrameStrip } from '../report/report-data.ts';

/** Frames in a report are at most this wide and high. */
const MAX_SIZE = 128;

/**
 * The middle one of each `step` normalised frames [T, S, S, 3] as one RGB picture, side by side, made smaller by averaging whole
 * pixels.
 */
export function frameStrip(pixels: ArrayLike<number>, frames: number, size: number, step = 1): FrameStrip {
  const shrink = Math.ceil(size / MAX_SIZE);
  const side = Math.floor(size / shrink);
  const width = side * frames;
  const middle = Math.floor(step / 2);
  const rgb = new Uint8Array(width * side * 3);
  for (let frame = 0; frame < frames; frame++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        for (const [channel, mean] of IMAGENET_MEAN.entries()) {
          let sum = 0;
          for (let dy = 0; dy < shrink; dy++) {
            for (let dx = 0; dx < shrink; dx++) {
              const at = ((frame * step + middle) * size + y * shrink + dy) * size + x * shrink + dx;
              sum += pixels[at * 3 + channel] ?? 0;
            }
          }
          const value = (sum / shrink ** 2) * (IMAGENET_STD[channel] ?? 1) + mean;
          rgb[(y * width + frame * side + x) * 3 + channel] = Math.round(255 * Math.min(1, Math.max(0, value)));
        }
      }
    }
  }
  return { width, height: side, rgb };
}
