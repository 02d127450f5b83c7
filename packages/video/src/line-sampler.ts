import type { Plane } from './picture.ts';
import type { Taps } from './taps.ts';

type Samples = Plane['data'];

/**
 * Resizes one row of single samples: out[i] = sum over j of weights[i, j] * data[at + start[i] + j].
 * Unrolled, like its siblings, for the counts that occur most: 2 taps where a picture grows, 3 where it shrinks a little.
 *
 * @param at the row's first sample
 */
export function resizeSamples(data: Samples, at: number, taps: Taps, outputs: number, out: Float64Array): void {
  const { start, weights, width } = taps;
  if (width === 2) {
    for (let i = 0, w = 0; i < outputs; i++, w += 2) {
      const p = at + (start[i] as number);
      out[i] = (weights[w] as number) * (data[p] as number) + (weights[w + 1] as number) * (data[p + 1] as number);
    }
    return;
  }
  if (width === 3) {
    for (let i = 0, w = 0; i < outputs; i++, w += 3) {
      const p = at + (start[i] as number);
      out[i] =
        (weights[w] as number) * (data[p] as number) +
        (weights[w + 1] as number) * (data[p + 1] as number) +
        (weights[w + 2] as number) * (data[p + 2] as number);
    }
    return;
  }
  if (width === 1) {
    for (let i = 0; i < outputs; i++) out[i] = (weights[i] as number) * (data[at + (start[i] as number)] as number);
    return;
  }
  for (let i = 0, w = 0; i < outputs; i++) {
    let p = at + (start[i] as number);
    let sum = (weights[w++] as number) * (data[p++] as number);
    for (let j = 1; j < width; j++) sum += (weights[w++] as number) * (data[p++] as number);
    out[i] = sum;
  }
}

/** Where two samples of a pixel lie: in planes of their own, or side by side in one. */
export interface SamplePairs {
  readonly first: Samples;
  readonly second: Samples;
  /** Elements from a pixel's first sample to its second, where both lie in one plane. */
  readonly apart: number;
  /** Elements from one pixel to the next. */
  readonly step: number;
}

/**
 * Resizes one row of pixels of two samples: out[2 i] and out[2 i + 1].
 *
 * @param at the row's first sample
 */
export function resizePairs(pairs: SamplePairs, at: number, taps: Taps, outputs: number, out: Float64Array): void {
  const { first, second, apart, step } = pairs;
  const { start, weights, width } = taps;
  if (width === 2) {
    for (let i = 0, w = 0, o = 0; i < outputs; i++, w += 2, o += 2) {
      const p = at + (start[i] as number) * step;
      const q = p + apart;
      const a = weights[w] as number;
      const b = weights[w + 1] as number;
      out[o] = a * (first[p] as number) + b * (first[p + step] as number);
      out[o + 1] = a * (second[q] as number) + b * (second[q + step] as number);
    }
    return;
  }
  for (let i = 0, w = 0, o = 0; i < outputs; i++, o += 2) {
    let p = at + (start[i] as number) * step;
    let one = 0;
    let other = 0;
    for (let j = 0; j < width; j++, p += step) {
      const weight = weights[w++] as number;
      one += weight * (first[p] as number);
      other += weight * (second[p + apart] as number);
    }
    out[o] = one;
    out[o + 1] = other;
  }
}

/**
 * Resizes one row of pixels whose first three samples count: out[3 i] to out[3 i + 2].
 *
 * @param at the row's first sample
 * @param step elements from one pixel to the next
 */
export function resizeTriples(
  data: Samples,
  at: number,
  step: number,
  taps: Taps,
  outputs: number,
  out: Float64Array,
): void {
  const { start, weights, width } = taps;
  const two = 2 * step;
  if (width === 1) {
    for (let i = 0, o = 0; i < outputs; i++, o += 3) {
      const p = at + (start[i] as number) * step;
      const a = weights[i] as number;
      out[o] = a * (data[p] as number);
      out[o + 1] = a * (data[p + 1] as number);
      out[o + 2] = a * (data[p + 2] as number);
    }
    return;
  }
  if (width === 2) {
    for (let i = 0, w = 0, o = 0; i < outputs; i++, w += 2, o += 3) {
      const p = at + (start[i] as number) * step;
      const q = p + step;
      const a = weights[w] as number;
      const b = weights[w + 1] as number;
      out[o] = a * (data[p] as number) + b * (data[q] as number);
      out[o + 1] = a * (data[p + 1] as number) + b * (data[q + 1] as number);
      out[o + 2] = a * (data[p + 2] as number) + b * (data[q + 2] as number);
    }
    return;
  }
  if (width === 3) {
    for (let i = 0, w = 0, o = 0; i < outputs; i++, w += 3, o += 3) {
      const p = at + (start[i] as number) * step;
      const q = p + step;
      const r = p + two;
      const a = weights[w] as number;
      const b = weights[w + 1] as number;
      const c = weights[w + 2] as number;
      out[o] = a * (data[p] as number) + b * (data[q] as number) + c * (data[r] as number);
      out[o + 1] = a * (data[p + 1] as number) + b * (data[q + 1] as number) + c * (data[r + 1] as number);
      out[o + 2] = a * (data[p + 2] as number) + b * (data[q + 2] as number) + c * (data[r + 2] as number);
    }
    return;
  }
  for (let i = 0, w = 0, o = 0; i < outputs; i++, o += 3) {
    let p = at + (start[i] as number) * step;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let j = 0; j < width; j++, p += step) {
      const weight = weights[w++] as number;
      red += weight * (data[p] as number);
      green += weight * (data[p + 1] as number);
      blue += weight * (data[p + 2] as number);
    }
    out[o] = red;
    out[o + 1] = green;
    out[o + 2] = blue;
  }
}

/** Weighted sum of lines: out[x] = sum over j < count of weights[at + j] * lines[(first + j) % lines.length][x]. */
export function sumLines(
  lines: readonly Float64Array[],
  first: number,
  weights: Float64Array,
  at: number,
  length: number,
  out: Float64Array,
): void {
  const count = lines.length;
  for (let j = 0; j < count; j += 2) {
    const a = lines[(first + j) % count] as Float64Array;
    const b = lines[(first + Math.min(j + 1, count - 1)) % count] as Float64Array;
    const wa = weights[at + j] ?? 0;
    const wb = j + 1 < count ? (weights[at + j + 1] ?? 0) : 0;
    if (j === 0) for (let x = 0; x < length; x++) out[x] = wa * (a[x] as number) + wb * (b[x] as number);
    else for (let x = 0; x < length; x++) out[x] = (out[x] as number) + (wa * (a[x] as number) + wb * (b[x] as number));
  }
}
