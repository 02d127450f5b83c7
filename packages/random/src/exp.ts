/**
 * e^x for x <= 0 from +, -, *, / alone: the same double on every platform. Taylor series on the remainder of x by ln 2,
 * scaled by an exact power of two; 0 below the smallest double.
 */
export function exp(x: number): number {
  if (x < -746) return 0;
  const k = Math.round(x / 0.6931471805599453);
  const r = x - k * 0.6931471803691238 - k * 1.9082149292705877e-10;
  let sum = 1;
  for (let n = 16; n >= 1; n--) sum = 1 + (sum * r) / n;
  for (let n = 0; n > k; n--) sum *= 0.5;
  return sum;
}
