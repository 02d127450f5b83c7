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
  const firstStep = lumaStep(picture.format);
  return {
    ...picture,
    width: isQuarter ? picture.height : picture.width,
    height: isQuarter ? picture.width : picture.height,
    format: isQuarter ? turnedFormat(picture.format) : picture.format,
    planes: picture.planes.map((plane, i) =>
      orientPlane(plane, i === 0 ? firstStep : picture.format === 'NV12' ? 2 : 1, orientation),
    ),
  };
}

function turnedFormat(format: PictureFormat): PictureFormat {
  return format === 'I422' ? 'I440' : format === 'I440' ? 'I422' : format;
}

function orientPlane(plane: Plane, step: number, { rotation, isMirrored }: Orientation): Plane {
  const { data, stride, width: w, height: h } = plane;
  const isQuarter = rotation === 90 || rotation === 270;
  const [width, height] = isQuarter ? [h, w] : [w, h];
  const length = width * height * step;
  const out = data instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length);
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
