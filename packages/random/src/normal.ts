import { log } from './log.ts';

/**
 * The standard normal distribution from +, -, *, / and sqrt (which IEEE 754 rounds correctly): the same doubles on every
 * platform, with no sine and no cosine.
 */

/**
 * Inverse of the standard normal distribution function, 0 < p < 1, relative error about 1e-16
 * (Wichura 1988, algorithm AS 241, PPND16).
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) return centre(q);
  const r = Math.sqrt(-log(q < 0 ? p : 1 - p));
  const z = r <= 5 ? shoulder(r - 1.6) : tail(r - 5);
  return q < 0 ? -z : z;
}

function centre(q: number): number {
  const r = 0.180625 - q * q;
  const numerator =
    ((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.726577092700870085e4) * r +
      4.5921953931549871457e4) *
      r +
      1.3731693765509461125e4) *
      r +
      1.9715909503065514427e3) *
      r +
      1.3314166789178437745e2) *
      r +
    3.387132872796366608;
  const denominator =
    ((((((5.226495278852854561e3 * r + 2.8729085735721942674e4) * r + 3.930789580009271061e4) * r +
      2.1213794301586595867e4) *
      r +
      5.3941960214247511077e3) *
      r +
      6.871870074920579083e2) *
      r +
      4.2313330701600911252e1) *
      r +
    1;
  return (q * numerator) / denominator;
}

function shoulder(r: number): number {
  const numerator =
    ((((((7.7454501427834140764e-4 * r + 2.27238449892691845833e-2) * r + 2.4178072517745061177e-1) * r +
      1.27045825245236838258) *
      r +
      3.64784832476320460504) *
      r +
      5.7694972214606914055) *
      r +
      4.6303378461565452959) *
      r +
    1.42343711074968357734;
  const denominator =
    ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 1.51986665636164571966e-2) * r +
      1.4810397642748007459e-1) *
      r +
      6.8976733498510000455e-1) *
      r +
      1.6763848301838038494) *
      r +
      2.05319162663775882187) *
      r +
    1;
  return numerator / denominator;
}

function tail(r: number): number {
  const numerator =
    ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.2426609473880784386e-3) * r +
      2.6532189526576123093e-2) *
      r +
      2.9656057182850489123e-1) *
      r +
      1.7848265399172913358) *
      r +
      5.4637849111641143699) *
      r +
    6.6579046435011037772;
  const denominator =
    ((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r +
      7.868691311456132591e-4) *
      r +
      1.48753612908506148525e-2) *
      r +
      1.3692988092273580531e-1) *
      r +
      5.9983220655588793769e-1) *
      r +
    1;
  return numerator / denominator;
}

/**
 * Standard normal distribution function, relative error below 1e-12 in the lower tail. -Infinity gives 0, Infinity 1.
 * A series near the middle, the continued fraction of Mills' ratio beyond.
 */
export function normalCdf(x: number): number {
  if (x > 0) return 1 - normalCdf(-x);
  if (x < -39) return 0;
  const distance = -x;
  const density = 0.3989422804014327 * exp(-0.5 * x * x);
  if (distance >= 3) {
    let fraction = distance;
    for (let n = 120; n >= 1; n--) fraction = distance + n / fraction;
    return density / fraction;
  }
  let term = distance;
  let sum = distance;
  for (let n = 3; term > 1e-18 * sum; n += 2) {
    term *= (distance * distance) / n;
    sum += term;
  }
  return 0.5 - density * sum;
}

/** e^x for x <= 0: Taylor series on the remainder of x by ln 2, scaled by an exact power of two. */
function exp(x: number): number {
  const k = Math.round(x / 0.6931471805599453);
  const r = x - k * 6.9314718036912381649e-1 - k * 1.90821492927058770002e-10;
  let sum = 1;
  for (let n = 16; n >= 1; n--) sum = 1 + (sum * r) / n;
  for (let n = 0; n > k; n--) sum *= 0.5;
  return sum;
}
