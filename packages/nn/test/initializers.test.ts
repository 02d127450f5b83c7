import { createReferenceEngine } from '@umt/conformance';
import { random } from '@umt/random';
import { setEngine } from '@umt/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import { initialize, Linear, Module, stateDict, torchDefault, truncatedNormal, xavierUniform } from '../src/index.ts';

beforeEach(() => setEngine(createReferenceEngine()));

const stream = () => random({ seed: 1, stream: 'test' });
const variance = (values: Float32Array) => values.reduce((total, value) => total + value * value, 0) / values.length;

describe('initial values', () => {
  it('xavierUniform fills the interval of Glorot and Bengio evenly', () => {
    const values = xavierUniform([300, 100], stream());
    const bound = Math.sqrt(6 / 400);
    expect(Math.max(...values)).toBeLessThanOrEqual(bound);
    expect(Math.max(...values)).toBeGreaterThan(0.99 * bound);
    expect(variance(values) / (bound ** 2 / 3)).toBeCloseTo(1, 1);
  });

  it('xavierUniform takes only matrices', () => {
    expect(() => xavierUniform([3], stream())).toThrow(/expected a weight \[out, in\], got \[3\]/);
  });

  it("torchDefault is PyTorch's bound of one over the root of the fan-in", () => {
    const values = torchDefault(768)([768 * 32], stream());
    expect(Math.max(...values)).toBeLessThanOrEqual(768 ** -0.5);
    expect(variance(values) * 3 * 768).toBeCloseTo(1, 1);
  });

  it('truncatedNormal cut at one standard deviation has the variance of that distribution', () => {
    const values = truncatedNormal(0.02, 0.02)([20000], stream());
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.02);
    // 1 - 2 phi(1) / (2 Phi(1) - 1) = 0.2911 for the standard normal cut at 1
    expect(variance(values) / 0.02 ** 2).toBeCloseTo(0.2911, 2);
  });

  it('of a parameter depend on its name and the seed, not on what else the model has', async () => {
    class Small extends Module {
      readonly first = new Linear(4, 3);
    }
    class Large extends Module {
      readonly other = new Linear(5, 5);
      readonly first = new Linear(4, 3);
    }
    const valuesOf = async (module: Module, seed: number) => {
      initialize(module, seed, (_, { shape }) => (shape.length === 2 ? xavierUniform : null));
      return (await stateDict(module)).get('first.weight')?.data;
    };
    const small = await valuesOf(new Small(), 1);
    expect(await valuesOf(new Large(), 1)).toEqual(small);
    expect(await valuesOf(new Small(), 2)).not.toEqual(small);
  });
});
