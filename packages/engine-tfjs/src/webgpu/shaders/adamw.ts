import { sizeOf, type AdamWAttributes, type AdamWHandles, type Handle } from '@umt/tensor';
import type { KernelEngine, KernelHandle } from '../../kernels/engine.ts';
import { runShader, type Uniform } from './program.ts';

/** 1 - beta^step without cancellation. */
const BIAS_CORRECTION = `
  fn bias_correction(step : f32, log_beta : f32) -> f32 {
    let x = step * log_beta;
    if (x > -0.1) { return -x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x / 720.0))))); }
    return 1.0 - exp(x);
  }`;

/** What each of the three results is where the update applies: in `m` and `v`, the new moments, and `p`, the old parameter. */
const RESULTS = {
  parameter: `p * uniforms.keep - uniforms.rate * (m / bias_correction(step, uniforms.log_beta1))
    / (sqrt(v / bias_correction(step, uniforms.log_beta2)) + uniforms.epsilon)`,
  firstMoment: 'm',
  secondMoment: 'v',
};

const OLD = { parameter: 'p', firstMoment: 'b[index]', secondMoment: 'c[index]' };

/** One AdamW update in three dispatches, where the definition in primitives takes some thirty. */
export function adamw(
  engine: KernelEngine,
  handles: AdamWHandles,
  attributes: AdamWAttributes,
): readonly [Handle, Handle, Handle] {
  const { parameter, firstMoment, secondMoment, gradient, step, gradientScale, apply } = handles;
  const consumed = [parameter, firstMoment, secondMoment];
  const [p, m, v] = engine.perform([...consumed, gradient, step, gradientScale, apply], (inputs) =>
    (['parameter', 'firstMoment', 'secondMoment'] as const).map((name) => updated(engine, name, inputs, attributes)),
  );
  if (!p || !m || !v) throw new Error('webgpu: adamw gave too few tensors');
  for (const handle of consumed) engine.free(handle);
  return [p, m, v];
}

function updated(
  engine: KernelEngine,
  name: keyof typeof RESULTS,
  inputs: readonly KernelHandle[],
  { learningRate, beta1, beta2, epsilon, weightDecay }: AdamWAttributes,
): KernelHandle {
  const { shape = [] } = inputs[0] ?? {};
  const numbers = {
    beta1,
    beta2,
    one_minus_beta1: 1 - beta1,
    one_minus_beta2: 1 - beta2,
    // a beta of 0 forgets everything: 1 - 0^step is 1
    log_beta1: Math.max(Math.log(beta1), -1e30),
    log_beta2: Math.max(Math.log(beta2), -1e30),
    rate: learningRate,
    keep: 1 - learningRate * weightDecay,
    epsilon,
  };
  return runShader(
    engine,
    {
      key: `adamw_${name}`,
      declarations: BIAS_CORRECTION,
      code: `
        let p = a[index];
        let gradient = d[index] * f[0];
        let step = e[0];
        let m = b[index] * uniforms.beta1 + gradient * uniforms.one_minus_beta1;
        let v = c[index] * uniforms.beta2 + gradient * gradient * uniforms.one_minus_beta2;
        result[index] = select(${OLD[name]}, ${RESULTS[name]}, g[0] != 0);`,
      invocations: sizeOf(shape),
      uniforms: Object.entries(numbers).map(([key, value]): Uniform => ({ name: key, type: 'f32', value })),
      shape,
      dtype: 'float32',
    },
    inputs,
  );
}
