/** Numbers of one AdamW step, with the bias corrections worked out. */
export interface AdamWStep {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** The number of this update, from 1. */
  readonly step: number;
  /** What the gradient is multiplied by. */
  readonly gradientScale: number;
}

/** One AdamW update in place: p decays by 1 - learningRate * weightDecay, then takes the bias-corrected Adam step. */
export function adamwInPlace(
  p: Float32Array,
  gradient: Float32Array,
  m: Float32Array,
  v: Float32Array,
  { learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale }: AdamWStep,
): void {
  const keep = 1 - learningRate * weightDecay;
  const rate = learningRate / biasCorrection(beta1, step);
  const correction = 1 / Math.sqrt(biasCorrection(beta2, step));
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
