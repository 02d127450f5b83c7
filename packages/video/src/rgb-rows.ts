import { clipLine, colorCoefficients, yuvLineToRgb } from './color.ts';
import { resizeLine, sumRows } from './line-sampler.ts';
import { chromaSubsampling, lumaStep, type Picture, type Plane } from './picture.ts';
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

/** Receives one finished row: `width` values of red, green and blue in 0..255, valid until the next call. */
export type RgbRowSink = (row: number, red: Float64Array, green: Float64Array, blue: Float64Array) => void;

/** One plane with the weights that resize it. */
interface PlaneResize {
  readonly plane: Plane;
  readonly step: number;
  readonly horizontal: Taps;
  readonly vertical: Taps;
}

/** Line buffers, grown on demand and reused: the kernel allocates nothing per call once warm. Only used inside one call. */
const scratch = {
  line: new Float64Array(0),
  red: new Float64Array(0),
  green: new Float64Array(0),
  blue: new Float64Array(0),
};

function reserve(name: keyof typeof scratch, length: number): Float64Array {
  if (scratch[name].length < length) scratch[name] = new Float64Array(length);
  return scratch[name];
}

/**
 * Crops, resizes and converts a picture to RGB row by row, touching every native sample once per use: planes are resized
 * as they are (chroma from its own resolution, sited in the centre of its luma block) and colour is converted on the
 * result, which is exact up to clipping because both steps are linear.
 *
 * @throws {VideoError} of kind 'bad-argument' for an empty box, a box outside the picture or a size that is no positive integer.
 */
export function forEachRgbRow(picture: Picture, geometry: ResizeGeometry, sink: RgbRowSink): void {
  const [luma, second, third] = planeResizes(picture, geometry);
  const { width, height } = geometry;
  const red = reserve('red', width);
  const green = reserve('green', width);
  const blue = reserve('blue', width);
  if (lumaStep(picture.format) > 1) {
    for (let row = 0; row < height; row++) {
      const line = resizeColumn(luma, row);
      resizeLine(line, luma.horizontal, luma.step, 0, width, red);
      resizeLine(line, luma.horizontal, luma.step, 1, width, green);
      resizeLine(line, luma.horizontal, luma.step, 2, width, blue);
      clipLine(red, width);
      clipLine(green, width);
      clipLine(blue, width);
      sink(row, red, green, blue);
    }
    return;
  }
  const coefficients = colorCoefficients(picture.colorSpace, picture.bitDepth);
  if (second === undefined) {
    green.fill(coefficients.chromaOffset, 0, width);
    blue.fill(coefficients.chromaOffset, 0, width);
  }
  for (let row = 0; row < height; row++) {
    resizeLine(resizeColumn(luma, row), luma.horizontal, 1, 0, width, red);
    if (second !== undefined) {
      const line = resizeColumn(second, row);
      resizeLine(line, second.horizontal, second.step, 0, width, green);
      if (third === undefined) resizeLine(line, second.horizontal, second.step, 1, width, blue);
      else resizeLine(resizeColumn(third, row), third.horizontal, 1, 0, width, blue);
    } else {
      green.fill(coefficients.chromaOffset, 0, width);
      blue.fill(coefficients.chromaOffset, 0, width);
    }
    yuvLineToRgb(red, green, blue, width, coefficients);
    sink(row, red, green, blue);
  }
}

/** The vertical half of the resize: one line at source width. */
function resizeColumn({ plane, step, horizontal, vertical }: PlaneResize, row: number): Float64Array {
  const length = (horizontal.high - horizontal.low) * step;
  const line = reserve('line', length);
  const at = (vertical.start[row] ?? 0) * plane.stride + horizontal.low * step;
  sumRows(plane.data, at, plane.stride, length, vertical.weights, row * vertical.width, vertical.width, line);
  return line;
}

function planeResizes(
  picture: Picture,
  geometry: ResizeGeometry,
): readonly [PlaneResize, PlaneResize | undefined, PlaneResize | undefined] {
  const { width, height, filter = 'bilinear', antialias = true } = geometry;
  const [x0, y0, x1, y1] = checkedBox(picture, geometry);
  const [chromaX, chromaY] = chromaSubsampling(picture.format);
  const prepare = (plane: Plane, step: number, dx: number, dy: number): PlaneResize => {
    if (plane.data.length < (plane.height - 1) * plane.stride + plane.width * step) {
      throw new VideoError(
        'bad-argument',
        `a plane of ${plane.data.length} samples is too short for ${plane.height} rows of stride ${plane.stride}`,
      );
    }
    return {
      plane,
      step,
      horizontal: resizeTaps({ size: plane.width, from: x0 / dx, to: x1 / dx, outputs: width }, filter, antialias),
      vertical: resizeTaps({ size: plane.height, from: y0 / dy, to: y1 / dy, outputs: height }, filter, antialias),
    };
  };
  const [luma, second, third] = picture.planes;
  if (luma === undefined) throw new VideoError('bad-argument', `picture of format ${picture.format} has no plane`);
  const chromaStep = picture.format === 'NV12' ? 2 : 1;
  return [
    prepare(luma, lumaStep(picture.format), 1, 1),
    second && prepare(second, chromaStep, chromaX, chromaY),
    third && prepare(third, 1, chromaX, chromaY),
  ];
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
