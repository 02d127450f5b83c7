import type { RandomStream } from '@umt/random';

/** A part of a frame as [x0, y0, x1, y1] in whole pixels, x1 and y1 excluded. */
export type Box = readonly [number, number, number, number];

const SCALES = [1, 0.875, 0.75, 0.66];
/** Width and height may be this many scales apart. */
const MAX_DISTORTION = 1;
/** A side this close to the output size becomes it, so that no resize by a pixel or two happens. */
const SNAP_PIXELS = 3;
/** Offsets in quarters of the free room: corners, centre, edge middles, and the centres of the quadrants. */
const OFFSETS: readonly (readonly [number, number])[] = [
  [0, 0],
  [4, 0],
  [0, 4],
  [4, 4],
  [2, 2],
  [0, 2],
  [4, 2],
  [2, 4],
  [2, 0],
  [1, 1],
  [3, 1],
  [1, 3],
  [3, 3],
];

/**
 * The ten crop sizes [width, height] for a frame: sides of 1, 7/8, 3/4 and 0.66 times the short side, truncated; a side
 * less than 3 pixels from `size` becomes `size`, where the frame is large enough; sides at most one scale apart.
 * (Reference behaviour; it lets a snapped side stick out of the frame.)
 */
export function multiScaleCropSizes(
  width: number,
  height: number,
  size: number,
): readonly (readonly [number, number])[] {
  const base = Math.min(width, height);
  const sides = SCALES.map((scale) => {
    const side = Math.max(1, Math.trunc(base * scale));
    return Math.abs(side - size) < SNAP_PIXELS ? Math.min(size, base) : side;
  });
  return sides.flatMap((h, i) => sides.filter((_, j) => Math.abs(i - j) <= MAX_DISTORTION).map((w) => [w, h] as const));
}

/**
 * Draws a multi-scale crop: one of ten sizes, then one of thirteen offsets, all equally likely (UMT pre-training, from
 * the Temporal Segment Networks recipe). The crop is to be resized to size x size whatever its aspect ratio.
 */
export function drawMultiScaleCrop(width: number, height: number, size: number, stream: RandomStream): Box {
  const sizes = multiScaleCropSizes(width, height, size);
  const [w, h] = sizes[stream.integer(0, sizes.length - 1)] ?? [width, height];
  const [quartersX, quartersY] = OFFSETS[stream.integer(0, OFFSETS.length - 1)] ?? [0, 0];
  const x0 = quartersX * Math.floor((width - w) / 4);
  const y0 = quartersY * Math.floor((height - h) / 4);
  return [x0, y0, x0 + w, y0 + h];
}
