/** Slope of quickGelu's gate: x * sigmoid(1.702 x), as OpenAI's CLIP has it. */
export const QUICK_GELU_SLOPE = 1.702;

const DENSITY = 1 / Math.sqrt(2 * Math.PI);

/** out = factor * x */
export function scaleInto(x: Float32Array, factor: number, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = factor * (x[i] as number);
}

/** out = -x^2 / 2, the exponent of the normal density. */
export function bellExponent(x: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = -0.5 * (x[i] as number) * (x[i] as number);
}

/** gelu from errors = erf(x / sqrt 2). */
export function geluFromErrors(x: Float32Array, errors: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = 0.5 * (x[i] as number) * (1 + (errors[i] as number));
}

/** gradient * gelu'(x) from errors = erf(x / sqrt 2) and bells = exp(-x^2 / 2). */
export function geluGradientFrom(
  x: Float32Array,
  gradient: Float32Array,
  errors: Float32Array,
  bells: Float32Array,
  out: Float32Array,
): void {
  for (let i = 0; i < out.length; i++) {
    const slope = 0.5 * (1 + (errors[i] as number)) + (x[i] as number) * (bells[i] as number) * DENSITY;
    out[i] = (gradient[i] as number) * slope;
  }
}

/** out = x * gates, in place over the gates. */
export function applyGates(x: Float32Array, gates: Float32Array): void {
  for (let i = 0; i < gates.length; i++) gates[i] = (x[i] as number) * (gates[i] as number);
}

/** gradient * quickGelu'(x) from gates = sigmoid(1.702 x), in place over the gates. */
export function quickGeluGradientFrom(x: Float32Array, gradient: Float32Array, gates: Float32Array): void {
  for (let i = 0; i < gates.length; i++) {
    const gate = gates[i] as number;
    gates[i] = (gradient[i] as number) * gate * (1 + QUICK_GELU_SLOPE * (x[i] as number) * (1 - gate));
  }
}
