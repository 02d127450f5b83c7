import { add, multiply, rsqrt, square, subtract } from '../operations/elementwise.ts';
import { mean, sum } from '../operations/reduce.ts';
import { asRows, reshape } from '../operations/shape.ts';
import { expectDType, FLOATS, show } from '../shapes.ts';
import type { Tensor } from '../tensor.ts';
import type { CompositeAttributes } from './contract.ts';
import { given, runComposite, type CompositeDefinition } from './definition.ts';

/** `layerNorm` in primitives. */
export const layerNormDefinition: CompositeDefinition<CompositeAttributes['layerNorm']> = {
  savedInputs: [0, 1],
  forward: (inputs, { epsilon }) => {
    const [input, scale, shift] = [
      given('layerNorm', inputs, 0),
      given('layerNorm', inputs, 1),
      given('layerNorm', inputs, 2),
    ];
    const [rows] = asRows(input);
    const x = reshape(input, asRows(input));
    const average = mean(x, { axes: 1, keepAxes: true });
    const centred = subtract(x, average);
    const rstd = rsqrt(add(mean(square(centred), { axes: 1, keepAxes: true }), epsilon));
    const y = add(multiply(multiply(centred, rstd), scale), shift);
    return [reshape(y, input.shape), reshape(average, [rows]), reshape(rstd, [rows])];
  },
  backward: (saved, gradient, _, needs) => {
    const [input, scale] = [given('layerNorm', saved, 0), given('layerNorm', saved, 1)];
    const [rows, width] = asRows(input);
    const average = reshape(given('layerNorm', saved, 2), [rows, 1]);
    const rstd = reshape(given('layerNorm', saved, 3), [rows, 1]);
    const dy = reshape(gradient, [rows, width]);
    const normal = multiply(subtract(reshape(input, [rows, width]), average), rstd);
    const inputGradient = () => {
      const scaled = multiply(dy, scale);
      const along = mean(multiply(scaled, normal), { axes: 1, keepAxes: true });
      const centred = subtract(subtract(scaled, mean(scaled, { axes: 1, keepAxes: true })), multiply(normal, along));
      return reshape(multiply(centred, rstd), input.shape);
    };
    return [
      needs[0] ? inputGradient() : null,
      needs[1] ? sum(multiply(dy, normal), { axes: 0 }) : null,
      needs[2] ? sum(dy, { axes: 0 }) : null,
    ];
  },
};

/**
 * Layer normalisation over the last axis: (x - mean) / sqrt(variance + epsilon) * scale + shift, biased variance.
 * x [.., D], scale and shift [D]. UMT uses epsilon 1e-6 in the student and 1e-5 in CLIP.
 * @throws when shapes or dtypes do not fit.
 */
export function layerNorm(x: Tensor, scale: Tensor, shift: Tensor, epsilon: number): Tensor {
  expectDType('layerNorm', x, ...FLOATS);
  expectDType('layerNorm', scale, x.dtype);
  expectDType('layerNorm', shift, x.dtype);
  const width = x.shape.at(-1);
  if (x.shape.length === 0) throw new Error('layerNorm: a scalar has no last axis');
  if ([scale, shift].some((tensor) => tensor.shape.length !== 1 || tensor.shape[0] !== width)) {
    throw new Error(
      `layerNorm: x ${show(x.shape)} needs scale and shift [${width}], got ${show(scale.shape)} and ${show(shift.shape)}`,
    );
  }
  return runComposite('layerNorm', layerNormDefinition, [x, scale, shift], { epsilon });
}
