import type { AdamWAttributes } from '@umt/tensor';

/** The numbers one AdamW step is made of, bias corrections worked out. */
export interface AdamWNumbers {
  /** What the gradient is multiplied by. */
  readonly gradientScale: number;
  readonly beta1: number;
  readonly beta2: number;
  /** What decay leaves of a parameter: 1 - learningRate * weightDecay. */
  readonly keep: number;
  /** learningRate / (1 - beta1^step) */
  readonly rate: number;
  /** 1 / sqrt(1 - beta2^step) */
  readonly correction: number;
  readonly epsilon: number;
}

/** Works the numbers of update `step` (from 1) out. */
export function adamwNumbers(
  { learningRate, beta1, beta2, epsilon, weightDecay }: AdamWAttributes,
  step: number,
  gradientScale: number,
): AdamWNumbers {
  return {
    gradientScale,
    beta1,
    beta2,
    keep: 1 - learningRate * weightDecay,
    rate: learningRate / biasCorrection(beta1, step),
    correction: 1 / Math.sqrt(biasCorrection(beta2, step)),
    epsilon,
  };
}

/** One AdamW update in place: the parameter decays, then takes the bias-corrected Adam step. */
export function adamwInPlace(
  p: Float32Array,
  gradient: Float32Array,
  m: Float32Array,
  v: Float32Array,
  { gradientScale, beta1, beta2, keep, rate, correction, epsilon }: AdamWNumbers,
): void {
  for (let i = 0; i < p.length; i++) {
    const g = (gradient[i] as number) * gradientScale;
    const first = beta1 * (m[i] as number) + (1 - beta1) * g;
    const second = beta2 * (v[i] as number) + (1 - beta2) * g * g;
    m[i] = first;
    v[i] = second;
    p[i] = keep * (p[i] as number) - (rate * first) / (Math.sqrt(second) * correction + epsilon);
  }
}

/** 1 - beta^step without cancellation. */
function biasCorrection(beta: number, step: number): number {
  return beta === 0 ? 1 : -Math.expm1(step * Math.log(beta));
}
