/**
 * The error function to full float64 accuracy, by its Taylor series near 0 and its continued fraction further out.
 * tfjs's own is a polynomial that is 1.5e-7 off everywhere, which is all of erf for small x.
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  return size < SERIES_LIMIT ? series(x) : Math.sign(x) * (1 - complement(size));
}

const SERIES_LIMIT = 2.5;
const TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);

/** 2 / sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (1 3 5 .. (2n+1)): all terms of one sign, so nothing cancels. */
function series(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return TWO_OVER_ROOT_PI * Math.exp(-x * x) * total;
}

/** erfc(x) = exp(-x^2) / sqrt(pi) / (x + (1/2) / (x + 1 / (x + (3/2) / (x + ..)))) */
function complement(x: number): number {
  let fraction = x;
  for (let n = FRACTION_DEPTH; n >= 1; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}

const FRACTION_DEPTH = 60;
