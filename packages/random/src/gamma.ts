import { exp } from './exp.ts';
import { log } from './log.ts';

/** What gamma numbers are made of. */
interface Source {
  normal(): number;
  uniformOpen(): number;
}

/**
 * Gamma with scale 1 by squeezing a transformed normal (Marsaglia and Tsang 2000), as a logarithm: for small shapes nearly
 * all numbers are too small for a double. Below shape 1 a number of shape + 1 is shrunk by a power of a uniform one.
 */
function logGamma(shape: number, source: Source): number {
  if (shape < 1) return logGamma(shape + 1, source) + log(source.uniformOpen()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = source.normal();
    const root = 1 + c * z;
    if (root <= 0) continue;
    const v = root * root * root;
    if (log(source.uniformOpen()) < 0.5 * z * z + d * (1 - v + log(v))) return log(d) + log(v);
  }
}

/** Gamma with scale 1. */
export function gamma(shape: number, source: Source): number {
  const value = logGamma(shape, source);
  return value <= 0 ? exp(value) : 1 / exp(-value);
}

/** Beta: the part that the first of two gamma numbers has of their sum. */
export function beta(a: number, b: number, source: Source): number {
  const difference = logGamma(b, source) - logGamma(a, source);
  const odds = exp(-Math.abs(difference));
  return (difference > 0 ? odds : 1) / (1 + odds);
}
