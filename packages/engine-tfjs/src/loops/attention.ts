import type { AttentionMask } from '../wasm/dense.ts';

/** Overwrites the entries of hidden keys in one sample's scores [queries, keys]. */
export function overwriteHidden(
  scores: Float32Array,
  { visible, shape }: AttentionMask,
  sample: number,
  queries: number,
  keys: number,
  value: number,
): void {
  const [samples, , rows] = shape;
  for (let query = 0; query < queries; query++) {
    const row = (samples === 1 ? 0 : sample * rows) + (rows === 1 ? 0 : query);
    for (let key = 0; key < keys; key++) {
      if (visible[row * keys + key] === 0) scores[query * keys + key] = value;
    }
  }
}

/** out [rows] = the dot products of the rows of a and b [rows, width]. */
export function rowDots(a: Float32Array, b: Float32Array, out: Float32Array, width: number): void {
  for (let row = 0; row < out.length; row++) {
    let total = 0;
    for (let i = row * width; i < (row + 1) * width; i++) total += (a[i] as number) * (b[i] as number);
    out[row] = total;
  }
}

/**
 * The gradient through a softmax, over the gradient of its weights [rows, keys]:
 * scale * weights * (gradient - along), where along [rows] is the weighted mean of the row's gradient.
 */
export function scoreGradient(
  weights: Float32Array,
  gradient: Float32Array,
  along: Float32Array,
  scale: number,
  keys: number,
): void {
  for (let row = 0; row < along.length; row++) {
    const mean = along[row] as number;
    for (let i = row * keys; i < (row + 1) * keys; i++) {
      gradient[i] = scale * (weights[i] as number) * ((gradient[i] as number) - mean);
    }
  }
}
