import {
  add,
  dispose,
  exp,
  gelu,
  layerNorm,
  linear,
  mean,
  multiply,
  scope,
  square,
  sum,
  tanh,
  valueAndGrad,
  type Tensor,
} from '@umt/tensor';
import { describe, expect, it } from 'vitest';
import { exact, randomTensor, useReferenceEngine } from './support.ts';

const engine = useReferenceEngine();
const alive = () => engine().memory().tensors;

describe('a backward pass', () => {
  it('frees each activation as soon as it is spent: the peak is that of the forward pass', () => {
    const x = exact([0.1, 0.2]);
    const depth = 40;
    const chain = () => {
      let y: Tensor = x;
      for (let layer = 0; layer < depth; layer++) y = scope(() => exp(tanh(y)));
      return sum(y);
    };
    let atEndOfForward = 0;
    engine().resetPeak();
    const { value, gradients } = valueAndGrad(() => {
      const loss = chain();
      atEndOfForward = alive();
      return loss;
    }, [x]);
    // each layer saves its two outputs
    expect(atEndOfForward).toBeGreaterThanOrEqual(2 * depth);
    expect(engine().peakTensors).toBeLessThanOrEqual(atEndOfForward + 6);
    dispose([x, value, gradients]);
  });

  it('holds less and less while it walks back', () => {
    const weights = Array.from({ length: 10 }, (_, index) => ({
      value: randomTensor([4, 4], { seed: index, low: -1 }),
    }));
    const x = randomTensor([3, 4]);
    const counts: number[] = [];
    const f = () => mean(square(weights.reduce((y, weight) => scope(() => gelu(linear(y, weight.value))), x)));
    dispose(
      valueAndGrad(f, weights, {
        onGradient: (_, gradient) => {
          gradient.dispose();
          counts.push(alive());
        },
      }),
    );
    // linear saves its input, gelu its own: two activations fewer for every block, but the first, whose input is x
    const differences = counts.slice(1, -1).map((count, index) => count - (counts[index] ?? NaN));
    expect(differences).toEqual(differences.map(() => -2));
    expect(counts.length).toBe(10);
    dispose([weights, x]);
  });

  it('saves only what the wanted gradients read', () => {
    const [x, mask] = [randomTensor([3]), randomTensor([3])];
    const heldBy = (f: () => Tensor, sources: readonly Tensor[]) => {
      let held = 0;
      const { value, gradients } = valueAndGrad(() => {
        const loss = scope(() => sum(f()));
        held = alive() - 3; // x, mask, loss
        return loss;
      }, sources);
      dispose([value, gradients]);
      return held;
    };
    // a product with a constant keeps the constant, not the activation
    expect(heldBy(() => multiply(add(x, 1), mask), [x])).toBe(0);
    expect(heldBy(() => multiply(add(x, 1), add(mask, 1)), [x, mask])).toBe(2);
    expect(heldBy(() => add(add(x, 1), add(mask, 1)), [x, mask])).toBe(0);
    dispose([x, mask]);
  });

  it('leaves the number of tensors flat over many steps', () => {
    const sources = [randomTensor([4, 4], { seed: 1 }), randomTensor([4], { seed: 2 })];
    const x = randomTensor([3, 4]);
    const [weight = x, bias = x] = sources;
    const before = alive();
    for (let step = 0; step < 50; step++) {
      const f = () => mean(square(layerNorm(gelu(linear(x, weight, bias)), bias, bias, 1e-5)));
      dispose(valueAndGrad(f, sources));
    }
    expect(alive()).toBe(before);
    dispose([sources, x]);
  });
});
