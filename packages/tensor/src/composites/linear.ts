import { add } from '../operations/elementwise.ts';
import { matmul } from '../operations/matmul.ts';
import { sum } from '../operations/reduce.ts';
import { asRows, reshape } from '../operations/shape.ts';
import { expectDType, FLOATS, show } from '../shapes.ts';
import type { Tensor } from '../tensor.ts';
import type { CompositeAttributes } from './contract.ts';
import { given, runComposite, type CompositeDefinition } from './definition.ts';

/** `linear` in primitives. */
export const linearDefinition: CompositeDefinition<CompositeAttributes['linear']> = {
  savedInputs: [0, 1],
  forward: (inputs) => {
    const x = given('linear', inputs, 0);
    const weight = given('linear', inputs, 1);
    const bias = inputs[2];
    const product = matmul(reshape(x, asRows(x)), weight, { transposeB: true });
    return [reshape(bias ? add(product, bias) : product, [...x.shape.slice(0, -1), weight.shape[0] ?? 0])];
  },
  backward: (saved, gradient, _, needs) => {
    const x = given('linear', saved, 0);
    const weight = given('linear', saved, 1);
    const gradientRows = reshape(gradient, [asRows(x)[0], weight.shape[0] ?? 0]);
    return [
      needs[0] ? reshape(matmul(gradientRows, weight), x.shape) : null,
      needs[1] ? matmul(gradientRows, reshape(x, asRows(x)), { transposeA: true }) : null,
      needs[2] ? sum(gradientRows, { axes: 0 }) : null,
    ];
  },
};

/**
 * x [.., in] times the transpose of weight [out, in], plus bias [out]: -> [.., out]. PyTorch's weight layout.
 * @throws when shapes or dtypes do not fit.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  expectDType('linear', x, ...FLOATS);
  expectDType('linear', weight, x.dtype);
  if (bias) expectDType('linear', bias, x.dtype);
  if (weight.shape.length !== 2 || x.shape.length === 0 || x.shape.at(-1) !== weight.shape[1]) {
    throw new Error(`linear: x ${show(x.shape)} needs a weight [out, ${x.shape.at(-1)}], got ${show(weight.shape)}`);
  }
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== weight.shape[0])) {
    throw new Error(`linear: weight ${show(weight.shape)} needs a bias [${weight.shape[0]}], got ${show(bias.shape)}`);
  }
  return runComposite('linear', linearDefinition, [x, weight, bias ?? null], {});
}
