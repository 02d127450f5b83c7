/**
 * Natural logarithm from +, -, * and / alone. `Math.log` may differ in the last bit between JavaScript engines;
 * this gives the same double everywhere, within 1 ulp.
 */

const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const TWO_54 = 18014398509481984;
const SQRT_HALF = 0.7071067811865476;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
double[0] = 1;
/** Where the word with the exponent lies: 1 on little-endian machines. */
const HIGH = words[1] === 0x3ff00000 ? 1 : 0;

/**
 * ln(x) for a finite x > 0.
 * x = 2^k * (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); ln(1 + f) = 2 atanh(f / (2 + f)), its series in minimax form
 * (the coefficients are those of FDLIBM).
 */
export function log(x: number): number {
  let k = 0;
  let scaled = x;
  if (scaled < 2.2250738585072014e-308) {
    scaled *= TWO_54;
    k = -54;
  }
  double[0] = scaled;
  const high = words[HIGH] ?? 0;
  k += (high >>> 20) - 1022;
  words[HIGH] = (high & 0xfffff) | 0x3fe00000;
  let m = double[0]; // in [1/2, 1)
  if (m < SQRT_HALF) {
    m *= 2;
    k -= 1;
  }
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const odd = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1));
  const even =
    z *
    (6.66666666666673513e-1 +
      w * (2.857142874366239149e-1 + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + (odd + even)) + k * LN2_LOW) - f);
}
