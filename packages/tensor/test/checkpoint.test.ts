import { gradientDeviation } from '@umt/conformance';
import {
  add,
  checkpoint,
  dispose,
  gelu,
  layerNorm,
  linear,
  mean,
  multiply,
  scope,
  square,
  sum,
  valueAndGrad,
  type Tensor,
  type Variable,
} from '@umt/tensor';
import { describe, expect, it } from 'vitest';
import { elements, exact, expectClose, randomTensor, useReferenceEngine } from './support.ts';

const engine = useReferenceEngine();

interface Block {
  readonly weight: Variable;
  readonly bias: Variable;
}

const WIDTH = 5;

function makeBlocks(count: number): readonly Block[] {
  return Array.from({ length: count }, (_, index) => ({
    weight: { value: randomTensor([WIDTH, WIDTH], { seed: 10 + index, low: -0.5, high: 0.5 }) },
    bias: { value: randomTensor([WIDTH], { seed: 50 + index }) },
  }));
}

const sourcesOf = (blocks: readonly Block[]) => blocks.flatMap(({ weight, bias }) => [weight, bias]);

function runBlock({ weight, bias }: Block, x: Tensor): Tensor {
  return scope(() => add(x, gelu(gelu(linear(layerNorm(x, bias.value, bias.value, 1e-3), weight.value, bias.value)))));
}

type Wrap = (f: (x: Tensor) => Tensor, x: Tensor) => Tensor;
const plainly: Wrap = (f, x) => f(x);

function runAll(blocks: readonly Block[], x: Tensor, wrap: Wrap): Tensor {
  return scope(() => mean(square(blocks.reduce((y, block) => wrap((input) => runBlock(block, input), y), x))));
}

describe('checkpoint', () => {
  it('gives the gradients of the plain run, parameters found by themselves', () => {
    scope(() => {
      const [blocks, x] = [makeBlocks(3), randomTensor([2, WIDTH])];
      const plain = valueAndGrad(() => runAll(blocks, x, plainly), [x, ...sourcesOf(blocks)]);
      const checked = valueAndGrad(() => runAll(blocks, x, checkpoint), [x, ...sourcesOf(blocks)]);
      expect(elements(checked.value)).toEqual(elements(plain.value));
      expect(checked.gradients.length).toBe(7);
      for (const [index, gradient] of checked.gradients.entries()) {
        expectClose(
          elements(gradient),
          plain.gradients.flatMap((other, at) => (at === index ? elements(other) : [])),
        );
      }
    });
  });

  it('holds fewer tensors at the peak, and none afterwards', () => {
    const [blocks, x] = [makeBlocks(12), randomTensor([2, WIDTH])];
    const before = engine().memory().tensors;
    const peakOf = (wrap: Wrap) => {
      engine().resetPeak();
      dispose(valueAndGrad(() => runAll(blocks, x, wrap), sourcesOf(blocks)));
      expect(engine().memory().tensors).toBe(before);
      return engine().peakTensors - before;
    };
    const [plain, checked] = [peakOf(plainly), peakOf(checkpoint)];
    expect(checked).toBeLessThan(0.6 * plain);
    dispose([blocks, x]);
  });

  it('nests, and takes several inputs, constants among them', () => {
    scope(() => {
      const [a, b, constant] = [randomTensor([3], { seed: 1 }), randomTensor([3], { seed: 2 }), randomTensor([3])];
      const inner = (x = a, y = b) => checkpoint((p = x, q = y) => multiply(square(p), gelu(q)), x, y);
      const f = (x = a, y = b) =>
        checkpoint((p = x, q = y, c = constant) => multiply(inner(p, add(q, p)), c), x, y, constant);
      for (const wanted of [[0], [1], [0, 1]]) expect(gradientDeviation(f, [a, b], wanted)).toBeLessThan(1e-8);
    });
  });

  it('hands a gradient through when the function returns its input, a parameter or a constant', () => {
    scope(() => {
      const [x, parameter, constant] = [exact([2]), exact([3]), exact([5])];
      const gradientsOf = (f: (y: Tensor) => Tensor) =>
        valueAndGrad(() => sum(multiply(checkpoint(f, x), x)), [x, parameter]).gradients.map(elements);
      expect(gradientsOf((y) => y)).toEqual([[4], [0]]);
      expect(gradientsOf((y) => (multiply(y, 2), y))).toEqual([[4], [0]]);
      expect(gradientsOf(() => parameter)).toEqual([[3], [2]]);
      expect(gradientsOf(() => constant)).toEqual([[5], [0]]);
      expect(gradientsOf((y) => (multiply(y, 2), constant))).toEqual([[5], [0]]);
      expect(elements(constant)).toEqual([5]);
    });
  });

  it('runs the function once where no gradient is taken, twice where one is', () => {
    scope(() => {
      let runs = 0;
      const f = (y: Tensor) => {
        runs++;
        return square(y);
      };
      const x = exact([3]);
      checkpoint(f, x);
      expect(runs).toBe(1);
      valueAndGrad(() => sum(checkpoint(f, x)), [x]);
      expect(runs).toBe(3);
    });
  });

  it('has second derivatives', () => {
    scope(() => {
      const x = randomTensor([3]);
      const f = (y = x) => valueAndGrad(() => sum(checkpoint((z) => multiply(z, square(z)), y)), [y]).gradients;
      expect(gradientDeviation(f, [x])).toBeLessThan(1e-8);
    });
  });

  it('leaves nothing alive when the function throws, the first time or the second', () => {
    const x = exact([3]);
    for (const failing of [1, 2]) {
      let runs = 0;
      const f = (y: Tensor) => {
        const output = square(multiply(y, 2));
        if (++runs === failing) throw new Error('boom');
        return output;
      };
      expect(() => valueAndGrad(() => sum(checkpoint(f, x)), [x])).toThrow('boom');
      expect(engine().memory().tensors).toBe(1);
    }
    x.dispose();
  });
});
