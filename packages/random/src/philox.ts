/**
 * Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a keyed bijection of 128-bit
 * counters whose outputs are the random words. JavaScript has no 32 x 32 -> 64 bit product, so the high halves are put
 * together from 16-bit parts; everything stays in int32 arithmetic, which engines keep in registers.
 */

// Round multipliers of the paper, in 16-bit halves.
const M0 = 0xd2511f53;
const M0_HIGH = 0xd251;
const M0_LOW = 0x1f53;
const M1 = 0xcd9e8d57;
const M1_HIGH = 0xcd9e;
const M1_LOW = 0x8d57;
// Weyl increments of the key schedule: the golden ratio and sqrt(3) - 1.
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;
const ROUNDS = 10;

/**
 * One block: four 32-bit words written to `out[0..3]`.
 *
 * @param c0 counter word 0 (least significant); all words are taken modulo 2^32
 * @param k0 key word 0
 * @param out receives the four words
 */
export function philox4x32(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  out: Uint32Array,
): void {
  let x0 = c0 | 0;
  let x1 = c1 | 0;
  let x2 = c2 | 0;
  let x3 = c3 | 0;
  let key0 = k0 | 0;
  let key1 = k1 | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const a = x0 & 0xffff;
    const b = x0 >>> 16;
    const t0 = Math.imul(b, M0_LOW) + (Math.imul(a, M0_LOW) >>> 16);
    const u0 = Math.imul(a, M0_HIGH) + (t0 & 0xffff);
    const high0 = (Math.imul(b, M0_HIGH) + (t0 >>> 16) + (u0 >>> 16)) | 0;
    const c = x2 & 0xffff;
    const d = x2 >>> 16;
    const t1 = Math.imul(d, M1_LOW) + (Math.imul(c, M1_LOW) >>> 16);
    const u1 = Math.imul(c, M1_HIGH) + (t1 & 0xffff);
    const high1 = (Math.imul(d, M1_HIGH) + (t1 >>> 16) + (u1 >>> 16)) | 0;
    const low0 = Math.imul(x0, M0);
    const low1 = Math.imul(x2, M1);
    x0 = high1 ^ x1 ^ key0;
    x1 = low1;
    x2 = high0 ^ x3 ^ key1;
    x3 = low0;
    key0 = (key0 + W0) | 0;
    key1 = (key1 + W1) | 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}
