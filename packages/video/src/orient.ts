import type { Orientation } from './container/track.ts';
import { lumaStep, type Picture, type PictureFormat, type Plane } from './picture.ts';

/**
 * Turns a decoded picture upright: clockwise by the rotation, then mirrored left to right. Samples are moved, never
 * resampled. A quarter turn exchanges 4:2:2 and 4:4:0.
 */
export function orientPicture(picture: Picture, orientation: Orientation): Picture {
  const { rotation, isMirrored } = orientation;
  if (rotation === 0 && !isMirrored) return picture;
  const isQuarter = rotation === 90 || rotation === 270;
  const steps = picture.planes.map((_, i) => (i === 0 ? lumaStep(picture.format) : picture.format === 'NV12' ? 2 : 1));
  const lengths = picture.planes.map((plane, i) => plane.width * plane.height * (steps[i] ?? 1));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  // One memory for all planes, so that a frame moves between threads in one piece.
  const samples = picture.bitDepth > 8 ? new Uint16Array(total) : new Uint8Array(total);
  let offset = 0;
  return {
    ...picture,
    width: isQuarter ? picture.height : picture.width,
    height: isQuarter ? picture.width : picture.height,
    format: isQuarter ? turnedFormat(picture.format) : picture.format,
    planes: picture.planes.map((plane, i) => {
      const out = samples.subarray(offset, (offset += lengths[i] ?? 0));
      return orientPlane(plane, steps[i] ?? 1, orientation, out);
    }),
  };
}

function turnedFormat(format: PictureFormat): PictureFormat {
  return format === 'I422' ? 'I440' : format === 'I440' ? 'I422' : format;
}

function orientPlane(
  plane: Plane,
  step: number,
  { rotation, isMirrored }: Orientation,
  out: Uint8Array | Uint16Array,
): Plane {
  const { data, stride, width: w, height: h } = plane;
  const [width, height] = rotation === 90 || rotation === 270 ? [h, w] : [w, h];
  // Position of the sample that comes to (0, 0), and how the source moves with x and y of the result.
  const corners = {
    0: [0, step, stride],
    90: [(h - 1) * stride, -stride, step],
    180: [(h - 1) * stride + (w - 1) * step, -step, -stride],
    270: [(w - 1) * step, stride, -step],
  } as const;
  const [corner, alongX, alongY] = corners[rotation];
  const from = isMirrored ? corner + (width - 1) * alongX : corner;
  const dx = isMirrored ? -alongX : alongX;
  let o = 0;
  for (let y = 0; y < height; y++) {
    let p = from + y * alongY;
    for (let x = 0; x < width; x++, p += dx) {
      for (let c = 0; c < step; c++) out[o++] = data[p + c] as number;
    }
  }
  return { data: out, stride: width * step, width, height };
}
