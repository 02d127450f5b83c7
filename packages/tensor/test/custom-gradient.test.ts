import { gradientDeviation } from '@umt/conformance';
import {
  customGradient,
  divide,
  exp,
  log,
  multiply,
  negative,
  scope,
  sigmoid,
  square,
  sum,
  valueAndGrad,
  add,
  type Tensor,
} from '@umt/tensor';
import { describe, expect, it } from 'vitest';
import { elements, exact, randomTensor, useReferenceEngine } from './support.ts';

const engine = useReferenceEngine();

/** log(1 + exp(x)), whose plain gradient would be the same but longer. */
const softplus = (x: Tensor) =>
  customGradient([x], (a = x) => ({
    output: log(add(exp(a), 1)),
    saved: [a],
    backward: (gradient, [saved = a]) => [multiply(gradient, sigmoid(saved))],
  }));

describe('customGradient', () => {
  it('uses its own backward, once and twice', () => {
    scope(() => {
      const x = randomTensor([4]);
      expect(gradientDeviation((y = x) => softplus(y), [x])).toBeLessThan(1e-8);
      const derivative = (y = x) => valueAndGrad(() => sum(square(softplus(y))), [y]).gradients;
      expect(gradientDeviation(derivative, [x])).toBeLessThan(1e-8);
    });
  });

  it('gives each input what backward says, and nothing where it says null', () => {
    scope(() => {
      const [a, b] = [exact([2]), exact([5])];
      const f = () =>
        customGradient([a, b], (x = a, y = b) => ({
          output: divide(x, y),
          backward: (gradient) => [multiply(gradient, 100), null],
        }));
      expect(valueAndGrad(() => sum(f()), [a, b]).gradients.map(elements)).toEqual([[100], [0]]);
    });
  });

  it('may hand its input through: a reversed gradient leaves other uses of the input alone', () => {
    scope(() => {
      const x = exact([3]);
      const reverse = (y: Tensor) =>
        customGradient([y], (a = y) => ({ output: a, backward: (gradient) => [negative(gradient)] }));
      // x^2 with one factor reversed: 3 - 3 + 1 from the plain use after it
      const f = () => sum(add(multiply(reverse(x), x), x));
      const { value, gradients } = valueAndGrad(f, [x]);
      expect([elements(value), gradients.map(elements)]).toEqual([[12], [[1]]]);
      expect(elements(x)).toEqual([3]);
    });
  });

  it('frees what forward leaves behind and keeps what backward reads until then', () => {
    const x = exact([1, 2]);
    const { value, gradients } = valueAndGrad(() => sum(softplus(x)), [x]);
    expect(engine().memory().tensors).toBe(3);
    for (const tensor of [x, value, ...gradients]) tensor.dispose();
  });
});
