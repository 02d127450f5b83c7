import { colorCoefficients } from './color.ts';
import { writeRgbRow, writeYuvRow, type RowTarget } from './color-rows.ts';
import { resizePairs, resizeSamples, resizeTriples } from './line-sampler.ts';
import { chromaSubsampling, lumaStep, type Picture, type Plane } from './picture.ts';
import { releaseLines, ResizedRows, takeLine } from './resized-rows.ts';
import { resizeTaps, type ResizeFilter, type Taps } from './taps.ts';
import { VideoError } from './video-error.ts';

/** Which part of a picture becomes which size, and how. */
export interface ResizeGeometry {
  /** The part to keep as [x0, y0, x1, y1] in pixels, edges, fractions allowed; default the whole picture. */
  readonly box?: readonly [number, number, number, number];
  /** Size of the result in pixels. */
  readonly width: number;
  readonly height: number;
  /** Default 'bilinear'. */
  readonly filter?: ResizeFilter;
  /** True (default): shrinking averages (Pillow). False: it picks neighbours (PyTorch's interpolate, OpenCV). */
  readonly antialias?: boolean;
}

/** Where a picture goes, row by row from the top. */
export interface PictureTarget extends RowTarget {
  /** Index in `out` of a row's first pixel, the last one of a mirrored row. */
  readonly at: (row: number) => number;
  /** Told of every row that is written. */
  readonly onRow?: (row: number) => void;
}

/**
 * Crops, resizes and converts a picture to RGB row by row, touching every native sample once per use: planes are resized
 * as they are (chroma from its own resolution, sited in the centre of its luma block) and colour is converted on the
 * result, which is exact up to clipping because both steps are linear. What clips is clipped to 0..255.
 *
 * @throws {VideoError} of kind 'bad-argument' for an empty box, a box outside the picture or a size that is no positive integer.
 */
export function resample(picture: Picture, geometry: ResizeGeometry, target: PictureTarget): void {
  const box = checkedBox(picture, geometry);
  const { width, height, filter = 'bilinear', antialias = true } = geometry;
  const tapsOf = (plane: Plane, dx: number, dy: number) => {
    const [x0, y0, x1, y1] = box;
    return {
      horizontal: resizeTaps({ size: plane.width, from: x0 / dx, to: x1 / dx, outputs: width }, filter, antialias),
      vertical: resizeTaps({ size: plane.height, from: y0 / dy, to: y1 / dy, outputs: height }, filter, antialias),
    };
  };
  const step = lumaStep(picture.format);
  const [luma, second, third = second] = picture.planes;
  if (luma === undefined) throw new VideoError('bad-argument', `picture of format ${picture.format} has no plane`);
  releaseLines();
  const { data, stride } = checkedPlane(luma, step);
  const { horizontal, vertical } = tapsOf(luma, 1, 1);
  if (step > 1) {
    const pixels = new ResizedRows(vertical, 3 * width, 3, (row, line) => {
      resizeTriples(data, row * stride, step, horizontal, width, line);
    });
    for (let row = 0; row < height; row++) {
      pixels.advance(row);
      writeRgbRow(pixels, width, target, target.at(row));
      target.onRow?.(row);
    }
    return;
  }
  const grey = new ResizedRows(vertical, width, 3, (row, line) => {
    resizeSamples(data, row * stride, horizontal, width, line);
  });
  const coefficients = colorCoefficients(picture.colorSpace, picture.bitDepth);
  const chroma =
    second === undefined || third === undefined
      ? neutralChroma(width, coefficients.chromaOffset)
      : chromaRows(picture, second, third, width, tapsOf);
  const rows = { grey, chroma, coefficients, width };
  for (let row = 0; row < height; row++) {
    grey.advance(row);
    chroma.advance(row);
    writeYuvRow(rows, target, target.at(row));
    target.onRow?.(row);
  }
}

/** U and V side by side, from planes of their own or from one of both. */
function chromaRows(
  picture: Picture,
  second: Plane,
  third: Plane,
  width: number,
  tapsOf: (plane: Plane, dx: number, dy: number) => { readonly horizontal: Taps; readonly vertical: Taps },
): ResizedRows {
  const isInterleaved = picture.format === 'NV12';
  const step = isInterleaved ? 2 : 1;
  const { horizontal, vertical } = tapsOf(second, ...chromaSubsampling(picture.format));
  const { data: first, stride } = checkedPlane(second, step);
  const { data: other } = checkedPlane(third, step);
  const pairs = { first, second: other, apart: isInterleaved ? 1 : 0, step };
  // Planes of one picture may have strides of their own.
  const lag = third.stride - stride;
  return new ResizedRows(vertical, 2 * width, 2, (row, line) => {
    resizePairs(lag === 0 ? pairs : { ...pairs, apart: row * lag }, row * stride, horizontal, width, line);
  });
}

/** The chroma of a picture that has none. */
function neutralChroma(width: number, offset: number): Pick<ResizedRows, 'advance' | 'lines' | 'weights'> {
  const line = takeLine(2 * width).fill(offset);
  return { lines: [line, line], weights: Float64Array.of(1, 0), advance: () => undefined };
}

function checkedPlane(plane: Plane, step: number): Plane {
  if (plane.data.length >= (plane.height - 1) * plane.stride + plane.width * step) return plane;
  throw new VideoError(
    'bad-argument',
    `a plane of ${plane.data.length} samples is too short for ${plane.height} rows of stride ${plane.stride}`,
  );
}

/** The box of a geometry, checked. */
export function checkedBox(
  size: { readonly width: number; readonly height: number },
  geometry: ResizeGeometry,
): readonly [number, number, number, number] {
  const { width, height, box = [0, 0, size.width, size.height] } = geometry;
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new VideoError('bad-argument', `cannot resize to ${width}x${height}: give positive whole numbers`);
  }
  const [x0, y0, x1, y1] = box;
  if (!(x0 >= 0 && y0 >= 0 && x1 <= size.width && y1 <= size.height && x0 < x1 && y0 < y1)) {
    throw new VideoError(
      'bad-argument',
      `box [${box.join(', ')}] is no part of a ${size.width}x${size.height} picture: give [x0, y0, x1, y1] inside it with x0 < x1, y0 < y1`,
    );
  }
  return box;
}
