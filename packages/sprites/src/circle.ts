/**
 * Sine of an angle in turns from +, - and * alone: the same double on every machine, which `Math.sin` need not be. Within
 * 1e-13 of the true value.
 */
export function sine(turns: number): number {
  const part = turns - Math.round(turns); // -1/2 .. 1/2
  const folded = part > 0.25 ? 0.5 - part : part < -0.25 ? -0.5 - part : part;
  const x = 2 * Math.PI * folded;
  const square = x * x;
  let sum = 1;
  for (let n = 18; n >= 2; n -= 2) sum = 1 - (sum * square) / (n * (n + 1)); // Taylor's series, from its end
  return x * sum;
}

/** Cosine of an angle in turns; see {@link sine}. */
export function cosine(turns: number): number {
  return sine(turns + 0.25);
}
