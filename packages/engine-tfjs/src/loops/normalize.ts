/** y = x / sqrt(sum of squares of the row + epsilon); reciprocal [rows] is what backward needs. */
export function l2Normalize(x: Float32Array, epsilon: number, y: Float32Array, reciprocal: Float32Array): void {
  const width = reciprocal.length === 0 ? 0 : x.length / reciprocal.length;
  for (let row = 0; row < reciprocal.length; row++) {
    const [start, end] = [row * width, (row + 1) * width];
    let squares = 0;
    for (let i = start; i < end; i++) squares += (x[i] as number) * (x[i] as number);
    const factor = 1 / Math.sqrt(squares + epsilon);
    for (let i = start; i < end; i++) y[i] = (x[i] as number) * factor;
    reciprocal[row] = factor;
  }
}

/** dx = (dy - y (dy . y)) * reciprocal, where y = x * reciprocal. */
export function l2NormalizeGradient(
  x: Float32Array,
  reciprocal: Float32Array,
  dy: Float32Array,
  dx: Float32Array,
): void {
  const width = reciprocal.length === 0 ? 0 : x.length / reciprocal.length;
  for (let row = 0; row < reciprocal.length; row++) {
    const [start, end] = [row * width, (row + 1) * width];
    const factor = reciprocal[row] as number;
    let along = 0;
    for (let i = start; i < end; i++) along += (dy[i] as number) * (x[i] as number) * factor;
    for (let i = start; i < end; i++) dx[i] = ((dy[i] as number) - (x[i] as number) * factor * along) * factor;
  }
}
