import type { Plane } from './picture.ts';
import type { Taps } from './taps.ts';

type Samples = Plane['data'];

/**
 * Weighted sum of `rows` picture rows: line[x] = sum over j of weights[weightAt + j] * data[at + j * stride + x].
 * Unrolled for the counts that occur: a growing picture needs 2 (bilinear) or 4 (bicubic), a slightly shrinking one 3.
 */
export function sumRows(
  data: Samples,
  at: number,
  stride: number,
  length: number,
  weights: Float64Array,
  weightAt: number,
  rows: number,
  line: Float64Array,
): void {
  const w0 = weights[weightAt] ?? 0;
  const w1 = weights[weightAt + 1] ?? 0;
  const w2 = weights[weightAt + 2] ?? 0;
  const w3 = weights[weightAt + 3] ?? 0;
  const b = at + stride;
  const c = b + stride;
  const d = c + stride;
  if (rows === 1) {
    for (let x = 0; x < length; x++) line[x] = w0 * (data[at + x] as number);
    return;
  }
  if (rows === 2) {
    for (let x = 0; x < length; x++) line[x] = w0 * (data[at + x] as number) + w1 * (data[b + x] as number);
    return;
  }
  if (rows === 3) {
    for (let x = 0; x < length; x++) {
      line[x] = w0 * (data[at + x] as number) + w1 * (data[b + x] as number) + w2 * (data[c + x] as number);
    }
    return;
  }
  for (let x = 0; x < length; x++) {
    line[x] =
      w0 * (data[at + x] as number) +
      w1 * (data[b + x] as number) +
      w2 * (data[c + x] as number) +
      w3 * (data[d + x] as number);
  }
  let j = 4;
  for (; j + 1 < rows; j += 2) {
    const e = at + j * stride;
    const f = e + stride;
    const we = weights[weightAt + j] ?? 0;
    const wf = weights[weightAt + j + 1] ?? 0;
    for (let x = 0; x < length; x++) {
      line[x] = (line[x] as number) + we * (data[e + x] as number) + wf * (data[f + x] as number);
    }
  }
  if (j < rows) {
    const e = at + j * stride;
    const we = weights[weightAt + j] ?? 0;
    for (let x = 0; x < length; x++) line[x] = (line[x] as number) + we * (data[e + x] as number);
  }
}

/**
 * Resizes one line: out[i] = sum over j of weights * line[(start[i] + j - taps.low) * step + channel].
 *
 * @param line samples taps.low .. taps.high of the row, `step` interleaved channels each.
 */
export function resizeLine(
  line: Float64Array,
  taps: Taps,
  step: number,
  channel: number,
  outputs: number,
  out: Float64Array,
): void {
  const { start, weights, width } = taps;
  const base = channel - taps.low * step;
  if (width === 1) {
    for (let i = 0; i < outputs; i++)
      out[i] = (weights[i] as number) * (line[(start[i] as number) * step + base] as number);
    return;
  }
  if (width === 2) {
    for (let i = 0, w = 0; i < outputs; i++, w += 2) {
      const p = (start[i] as number) * step + base;
      out[i] = (weights[w] as number) * (line[p] as number) + (weights[w + 1] as number) * (line[p + step] as number);
    }
    return;
  }
  if (width === 3) {
    const two = 2 * step;
    for (let i = 0, w = 0; i < outputs; i++, w += 3) {
      const p = (start[i] as number) * step + base;
      out[i] =
        (weights[w] as number) * (line[p] as number) +
        (weights[w + 1] as number) * (line[p + step] as number) +
        (weights[w + 2] as number) * (line[p + two] as number);
    }
    return;
  }
  // Four or more: the first four in one expression, the rest in pairs, since a loop of a few turns costs more than its work.
  const two = 2 * step;
  const three = 3 * step;
  const pairs = (width - 4) >> 1;
  const isOdd = (width & 1) === 1;
  for (let i = 0, w = 0; i < outputs; i++) {
    let p = (start[i] as number) * step + base;
    let sum =
      (weights[w] as number) * (line[p] as number) +
      (weights[w + 1] as number) * (line[p + step] as number) +
      (weights[w + 2] as number) * (line[p + two] as number) +
      (weights[w + 3] as number) * (line[p + three] as number);
    w += 4;
    p += three + step;
    for (let j = 0; j < pairs; j++, w += 2, p += two) {
      sum += (weights[w] as number) * (line[p] as number) + (weights[w + 1] as number) * (line[p + step] as number);
    }
    if (isOdd) sum += (weights[w++] as number) * (line[p] as number);
    out[i] = sum;
  }
}
