/** Normalises each row of x [rows, width]; mean and rstd [rows] are what backward needs. Statistics in float64. */
export function layerNorm(
  x: Float32Array,
  scale: Float32Array,
  shift: Float32Array,
  epsilon: number,
  y: Float32Array,
  mean: Float32Array,
  rstd: Float32Array,
): void {
  const width = scale.length;
  for (let row = 0; row < mean.length; row++) {
    const start = row * width;
    let total = 0;
    for (let i = start; i < start + width; i++) total += x[i] as number;
    const average = total / width;
    let squares = 0;
    for (let i = start; i < start + width; i++) {
      const centred = (x[i] as number) - average;
      squares += centred * centred;
    }
    const reciprocal = 1 / Math.sqrt(squares / width + epsilon);
    for (let i = 0; i < width; i++) {
      const normal = ((x[start + i] as number) - average) * reciprocal;
      y[start + i] = normal * (scale[i] as number) + (shift[i] as number);
    }
    mean[row] = average;
    rstd[row] = reciprocal;
  }
}

/** Gradients of a layer norm: dx [rows, width]; dScale and dShift [width] are summed in float64. */
export function layerNormGradient(
  x: Float32Array,
  scale: Float32Array,
  mean: Float32Array,
  rstd: Float32Array,
  dy: Float32Array,
  dx: Float32Array,
  dScale: Float32Array,
  dShift: Float32Array,
): void {
  const width = scale.length;
  const [scaleTotals, shiftTotals] = [new Float64Array(width), new Float64Array(width)];
  for (let row = 0; row < mean.length; row++) {
    const start = row * width;
    const [average, reciprocal] = [mean[row] as number, rstd[row] as number];
    let [total, along] = [0, 0];
    for (let i = 0; i < width; i++) {
      const normal = ((x[start + i] as number) - average) * reciprocal;
      const gradient = dy[start + i] as number;
      const scaled = gradient * (scale[i] as number);
      total += scaled;
      along += scaled * normal;
      scaleTotals[i] = (scaleTotals[i] as number) + gradient * normal;
      shiftTotals[i] = (shiftTotals[i] as number) + gradient;
    }
    total /= width;
    along /= width;
    for (let i = 0; i < width; i++) {
      const normal = ((x[start + i] as number) - average) * reciprocal;
      dx[start + i] = reciprocal * ((dy[start + i] as number) * (scale[i] as number) - total - normal * along);
    }
  }
  dScale.set(scaleTotals);
  dShift.set(shiftTotals);
}
