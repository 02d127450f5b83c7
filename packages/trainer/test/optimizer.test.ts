import { createReferenceEngine, fromFloat64, readFloat64 } from '@umt/conformance';
import { Parameter } from '@umt/nn';
import { read, scalar, setEngine, tensor, type Tensor } from '@umt/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import { AdamW, optimizedParameters, TrainOptionsError } from '../src/index.ts';
import fixture from './fixtures/adamw.json' with { type: 'json' };

type Name = keyof typeof fixture.shapes;
const NAMES = Object.keys(fixture.shapes) as readonly Name[];

let engine = createReferenceEngine();
beforeEach(() => {
  engine = createReferenceEngine();
  setEngine(engine);
});

const exactTensor = (values: readonly number[], shape: readonly number[]) =>
  fromFloat64(engine, Float64Array.from(values), shape);
const gradientsAt = (step: number): readonly Tensor[] =>
  NAMES.map((name) => exactTensor(fixture.gradients[step]?.[name] ?? [], fixture.shapes[name]));
const parametersAtStart = () =>
  new Map(NAMES.map((name) => [name, new Parameter(exactTensor(fixture.start[name], fixture.shapes[name]))]));

function expectClose(actual: Float64Array, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of actual.entries()) expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(1e-12);
}

describe('AdamW', () => {
  it.each(['unclipped', 'clipped'] as const)(
    'follows PyTorch over four %s steps with decay on matrices only',
    (kind) => {
      const { beta1, beta2, epsilon, weightDecay, learningRates, maxNorm } = fixture;
      const parameters = parametersAtStart();
      const optimizer = new AdamW(parameters, {
        beta1,
        beta2,
        epsilon,
        maxGradientNorm: kind === 'clipped' ? maxNorm : null,
      });
      const expected = fixture[kind];
      for (const [step, learningRate] of learningRates.entries()) {
        const { gradientNorm } = optimizer.update(gradientsAt(step), { learningRate, weightDecay }, scalar(1, 'bool'));
        expectClose(readFloat64(gradientNorm), expected.norms.slice(step, step + 1));
        for (const [name, { value }] of parameters)
          expectClose(readFloat64(value), expected.parameters[step]?.[name] ?? []);
      }
      const state = optimizer.state();
      for (const name of NAMES) {
        expectClose(readFloat64(state.get(`${name}.exp_avg`)?.value ?? scalar(NaN)), expected.firstMoment[name]);
        expectClose(readFloat64(state.get(`${name}.exp_avg_sq`)?.value ?? scalar(NaN)), expected.secondMoment[name]);
      }
      expectClose(readFloat64(state.get('step')?.value ?? scalar(NaN)), [4]);
    },
  );

  it('changes nothing, not even the step count, where the update is not allowed or the norm is not finite', () => {
    const rates = { learningRate: 0.01, weightDecay: 0.05 };
    const parameters = parametersAtStart();
    const optimizer = new AdamW(parameters);
    optimizer.update(gradientsAt(0), rates, scalar(1, 'bool'));
    const cells = () => [...parameters.values(), ...optimizer.state().values()].map(({ value }) => readFloat64(value));
    const before = cells();
    optimizer.update(gradientsAt(1), rates, scalar(0, 'bool'));
    const [, ...others] = gradientsAt(1);
    const withNaN = [exactTensor([1, 2, NaN, 4, 5, 6], [3, 2]), ...others];
    const { applied, gradientNorm } = optimizer.update(withNaN, rates, scalar(1, 'bool'));
    expect(cells()).toEqual(before);
    expect([...readFloat64(applied), ...readFloat64(gradientNorm)]).toEqual([0, NaN]);
  });

  it('scales the learning rate of a parameter by its name', async () => {
    const at = async (scale: number) => {
      const parameters = new Map([['w', new Parameter(tensor([1, 1], [1, 2]))]]);
      const optimizer = new AdamW(parameters, { learningRateScale: () => scale });
      optimizer.update([tensor([1, -1], [1, 2])], { learningRate: 0.1, weightDecay: 0 }, scalar(1, 'bool'));
      return [...(await read(parameters.get('w')?.value ?? scalar(NaN)))];
    };
    expect((await at(0.5)).map((value) => Number(value.toFixed(5)))).toEqual([0.95, 1.05]);
    expect(await at(0)).toEqual([1, 1]);
  });

  it('consumes the gradients and leaves nothing behind', () => {
    const parameters = parametersAtStart();
    const optimizer = new AdamW(parameters);
    const before = engine.memory().tensors;
    const allowed = scalar(1, 'bool');
    const { gradientNorm, applied } = optimizer.update(gradientsAt(0), { learningRate: 0.01, weightDecay: 0 }, allowed);
    for (const tensorOfMine of [allowed, gradientNorm, applied]) tensorOfMine.dispose();
    expect(engine.memory().tensors).toBe(before);
    optimizer.dispose();
    expect(engine.memory().tensors).toBe(parameters.size);
  });

  it('refuses a task without trainable parameters', () => {
    const frozen = new Map([['pos_embed', new Parameter(tensor([1], [1]), { trainable: false })]]);
    expect(() => new AdamW(frozen)).toThrow(TrainOptionsError);
  });
});

describe('which parameters decay', () => {
  const parameter = (shape: readonly number[], trainable = true) =>
    new Parameter(tensor(new Float32Array(shape.reduce((size, length) => size * length, 1)), shape), { trainable });
  const decays = (name: string, shape: readonly number[], withoutDecay: readonly string[] = []) =>
    optimizedParameters(new Map([[name, parameter(shape)]]), { withoutDecay })[0]?.decays;

  it('is all but vectors, scalars and biases', () => {
    expect(decays('blocks.0.attn.qkv.weight', [6, 2])).toBe(true);
    expect(decays('encoder.patch_embed.proj.weight', [2, 3, 1, 2, 2])).toBe(true);
    expect(decays('blocks.0.norm1.weight', [6])).toBe(false);
    expect(decays('blocks.0.attn.q_bias', [6])).toBe(false);
    expect(decays('scale', [])).toBe(false);
    expect(decays('grid.bias', [2, 2])).toBe(false);
  });

  it('leaves out listed names, also as the last part of a longer name but not as a piece of one', () => {
    expect(decays('pos_embed', [1, 4, 2], ['pos_embed'])).toBe(false);
    expect(decays('encoder.pos_embed', [1, 4, 2], ['pos_embed'])).toBe(false);
    expect(decays('clip_pos_embed', [1, 4, 2], ['pos_embed'])).toBe(true);
    expect(decays('pos_embed.proj', [4, 2], ['pos_embed'])).toBe(true);
  });

  it('asks only of trainable parameters', () => {
    const parameters = new Map([
      ['pos_embed', parameter([1, 4, 2], false)],
      ['head.weight', parameter([2, 2])],
    ]);
    expect(optimizedParameters(parameters).map(({ name }) => name)).toEqual(['head.weight']);
  });
});
