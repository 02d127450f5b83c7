import type { ColorCoefficients } from './color.ts';
import type { ResizedRows } from './resized-rows.ts';

/** Where rows of pixels go, and what becomes of red, green and blue in 0..255: each times its scale plus its shift. */
export interface RowTarget {
  readonly out: Float32Array;
  /** From one pixel of a row to the next: 3, or -3 for a mirrored picture. */
  readonly step: 3 | -3;
  readonly scale: readonly [number, number, number];
  readonly shift: readonly [number, number, number];
}

/** The lines that a row is made of. */
type RowLines = Pick<ResizedRows, 'lines' | 'weights'>;

/** Adds up three lines of interleaved RGB, clips them (a cubic filter overshoots) and writes a row from `at` on. */
export function writeRgbRow({ lines, weights }: RowLines, width: number, target: RowTarget, at: number): void {
  const { out, step } = target;
  const [redScale, greenScale, blueScale] = target.scale;
  const [redShift, greenShift, blueShift] = target.shift;
  const a = lines[0] as Float64Array;
  const b = lines[1] as Float64Array;
  const c = lines[2] as Float64Array;
  const wa = weights[0] as number;
  const wb = weights[1] as number;
  const wc = weights[2] as number;
  const end = 3 * width;
  for (let i = 0, o = at; i < end; i += 3, o += step) {
    const red = wa * (a[i] as number) + wb * (b[i] as number) + wc * (c[i] as number);
    const green = wa * (a[i + 1] as number) + wb * (b[i + 1] as number) + wc * (c[i + 1] as number);
    const blue = wa * (a[i + 2] as number) + wb * (b[i + 2] as number) + wc * (c[i + 2] as number);
    out[o] = (red < 0 ? 0 : red > 255 ? 255 : red) * redScale + redShift;
    out[o + 1] = (green < 0 ? 0 : green > 255 ? 255 : green) * greenScale + greenShift;
    out[o + 2] = (blue < 0 ? 0 : blue > 255 ? 255 : blue) * blueScale + blueShift;
  }
}

/** What makes a row of a picture in luma and chroma: three lines of Y, two of U and V side by side. */
export interface YuvRow {
  readonly grey: RowLines;
  readonly chroma: RowLines;
  readonly coefficients: ColorCoefficients;
  readonly width: number;
}

/** Adds up the lines, turns Y, U, V into R, G, B, clips them and writes a row from `at` on. */
export function writeYuvRow({ grey, chroma, coefficients, width }: YuvRow, target: RowTarget, at: number): void {
  const { out, step } = target;
  const [redScale, greenScale, blueScale] = target.scale;
  const [redShift, greenShift, blueShift] = target.shift;
  const { chromaOffset, redFromV, greenFromU, greenFromV, blueFromU, yOffset, yScale } = coefficients;
  const a = grey.lines[0] as Float64Array;
  const b = grey.lines[1] as Float64Array;
  const c = grey.lines[2] as Float64Array;
  const d = chroma.lines[0] as Float64Array;
  const e = chroma.lines[1] as Float64Array;
  const wa = (grey.weights[0] as number) * yScale;
  const wb = (grey.weights[1] as number) * yScale;
  const wc = (grey.weights[2] as number) * yScale;
  const wd = chroma.weights[0] as number;
  const we = chroma.weights[1] as number;
  const black = yOffset * yScale;
  for (let i = 0, k = 0, o = at; i < width; i++, k += 2, o += step) {
    const y = wa * (a[i] as number) + wb * (b[i] as number) + wc * (c[i] as number) - black;
    const u = wd * (d[k] as number) + we * (e[k] as number) - chromaOffset;
    const v = wd * (d[k + 1] as number) + we * (e[k + 1] as number) - chromaOffset;
    const red = y + redFromV * v;
    const green = y + greenFromU * u + greenFromV * v;
    const blue = y + blueFromU * u;
    out[o] = (red < 0 ? 0 : red > 255 ? 255 : red) * redScale + redShift;
    out[o + 1] = (green < 0 ? 0 : green > 255 ? 255 : green) * greenScale + greenShift;
    out[o + 2] = (blue < 0 ? 0 : blue > 255 ? 255 : blue) * blueScale + blueShift;
  }
}
