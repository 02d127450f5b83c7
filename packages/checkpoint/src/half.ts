/** Conversions between float32 and the 16-bit floats. All round to nearest, ties to even, as hardware does. */

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** IEEE half precision, given as bits, to float32: exact. NaN payloads are kept. */
export function float16ToFloat32(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  const outBits = new Uint32Array(out.buffer);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i] ?? 0;
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 31;
    const fraction = half & 0x3ff;
    if (exponent === 31) outBits[i] = sign | 0x7f800000 | (fraction << 13);
    else if (exponent > 0) outBits[i] = sign | ((exponent + 112) << 23) | (fraction << 13);
    else out[i] = sign === 0 ? fraction / 16777216 : -fraction / 16777216;
  }
  return out;
}

/** float32 to the bits of IEEE half precision. Beyond 65504 it overflows to infinity as rounding says; NaN stays NaN. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    scratch[0] = values[i] ?? 0;
    const bits = scratchBits[0] ?? 0;
    out[i] = ((bits >>> 16) & 0x8000) | halfMagnitude(bits & 0x7fffffff);
  }
  return out;
}

function halfMagnitude(bits: number): number {
  if (bits > 0x7f800000) return 0x7e00 | ((bits >>> 13) & 0x3ff); // NaN, made quiet
  if (bits >= 0x47800000) return 0x7c00; // 65536 and above
  if (bits >= 0x38800000) return (bits - 0x38000000 + 0xfff + ((bits >>> 13) & 1)) >>> 13; // normal halves
  if (bits < 0x33000000) return 0; // below half of the smallest
  // Subnormal halves: multiples of 2^-24. The kept part of the significand, then rounding on what is shifted out.
  const shift = 126 - (bits >>> 23);
  const significand = (bits & 0x7fffff) | 0x800000;
  const kept = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0);
}

/** bfloat16, given as bits, to float32: exact. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  const outBits = new Uint32Array(out.buffer);
  for (let i = 0; i < bits.length; i++) outBits[i] = (bits[i] ?? 0) << 16;
  return out;
}

/** float32 to the bits of bfloat16; NaN stays NaN. */
export function float32ToBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i] ?? 0;
    const isNaN = (value & 0x7fffffff) > 0x7f800000;
    out[i] = isNaN ? (value >>> 16) | 0x40 : (value + 0x7fff + ((value >>> 16) & 1)) >>> 16;
  }
  return out;
}
