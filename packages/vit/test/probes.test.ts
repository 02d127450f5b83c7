import { createReferenceEngine, readFloat64 } from '@umt/conformance';
import { initialize, normal, type Parameter } from '@umt/nn';
import { random } from '@umt/random';
import {
  adamw,
  dispose,
  full,
  mean,
  scalar,
  scope,
  setEngine,
  softmaxCrossEntropy,
  subtract,
  tensor,
  valueAndGrad,
  zeros,
  type Tensor,
} from '@umt/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import { AttentiveProbe, createAttentiveProbe, createLinearProbe, LinearProbe } from '../src/index.ts';
import { parameterGradientDeviation } from './gradient-check.ts';

let tokens: Tensor;
let targets: Tensor;
const numbers = (length: number, stream: string) => random({ seed: 1, stream }).fillNormal(new Float32Array(length));

beforeEach(() => {
  setEngine(createReferenceEngine());
  tokens = tensor(numbers(2 * 5 * 6, 'tokens'), [2, 5, 6]);
  targets = tensor([0, 0.25, 0.75, 1, 0, 0], [2, 3]);
});

const lossOf =
  (logits: () => Tensor, wanted = targets) =>
  () =>
    scope(() => mean(softmaxCrossEntropy(logits(), wanted)));

describe('a linear probe', () => {
  it('is one matrix product, with the gradients of finite differences', () => {
    const probe = new LinearProbe({ width: 6, classes: 3 });
    initialize(probe, 1, () => normal(0.5));
    const features = scope(() => mean(tokens, { axes: 1 }));
    const [x, weight, bias] = [features, probe.head.weight.value, probe.head.bias?.value ?? features].map((one) =>
      readFloat64(one),
    );
    for (const [index, logit] of readFloat64(probe.forward(features)).entries()) {
      const [row, output] = [Math.floor(index / 3), index % 3];
      let expected = bias?.[output] ?? NaN;
      for (let input = 0; input < 6; input++) {
        expected += (x?.[row * 6 + input] ?? NaN) * (weight?.[output * 6 + input] ?? NaN);
      }
      expect(logit).toBeCloseTo(expected, 12);
    }
    const loss = lossOf(() => probe.forward(features));
    expect(parameterGradientDeviation(probe.parameters(), loss)).toBeLessThan(1e-8);
  });

  it('starts with small normal weights and no bias', () => {
    const probe = createLinearProbe({ width: 100, classes: 50 }, { seed: 3 });
    const weight = readFloat64(probe.head.weight.value);
    const deviation = Math.sqrt(weight.reduce((total, value) => total + value ** 2, 0) / weight.length);
    expect(deviation).toBeCloseTo(0.02, 3);
    expect([...probe.parameters().keys()]).toEqual(['head.weight', 'head.bias']);
  });
});

describe('an attentive probe', () => {
  const build = () => {
    const probe = new AttentiveProbe({ width: 6, heads: 2, classes: 3 });
    initialize(probe, 1, (name) => (/norm\d\.weight/.test(name) ? null : normal(0.5)));
    return probe;
  };

  it('has the gradients of finite differences in every parameter', () => {
    const probe = build();
    expect([...probe.parameters().keys()]).toEqual([
      'query',
      ...['norm1.weight', 'norm1.bias', 'kv.weight', 'kv.bias', 'proj.weight', 'proj.bias'],
      ...['norm2.weight', 'norm2.bias', 'head.weight', 'head.bias'],
    ]);
    expect(
      parameterGradientDeviation(
        probe.parameters(),
        lossOf(() => probe.forward(tokens)),
      ),
    ).toBeLessThan(1e-7);
  });

  it('does not depend on the order of the tokens', () => {
    const probe = build();
    const values = readFloat64(tokens);
    const reversed = Array.from({ length: 60 }, (_, index) => {
      const [clip, token, channel] = [Math.floor(index / 30), Math.floor(index / 6) % 5, index % 6];
      return values[clip * 30 + (4 - token) * 6 + channel] ?? NaN;
    });
    const difference = readFloat64(subtract(probe.forward(tensor(reversed, [2, 5, 6])), probe.forward(tokens)));
    expect(Math.max(...difference.map(Math.abs))).toBeLessThan(1e-12);
  });

  it('weighs tokens by a softmax of their keys against the query, in each head', () => {
    const probe = build();
    const at = ({ value }: { value: Tensor }) => readFloat64(value);
    const normal_ND = readFloat64(probe.norm1.forward(tokens));
    const [query, weight] = [at(probe.query), at(probe.kv.weight)];
    const bias = probe.kv.bias ? at(probe.kv.bias) : new Float64Array();
    const project = (token: number, output: number) => {
      let sum = bias[output] ?? NaN;
      for (let input = 0; input < 6; input++) {
        sum += (normal_ND[token * 6 + input] ?? NaN) * (weight[output * 6 + input] ?? NaN);
      }
      return sum;
    };
    const found = Array.from({ length: 12 }, (_, index) => {
      const [clip, channel] = [Math.floor(index / 6), index % 6];
      const first = channel < 3 ? 0 : 3;
      const scores = [0, 1, 2, 3, 4].map((token) => {
        const score = [0, 1, 2].reduce(
          (sum, c) => sum + (query[first + c] ?? NaN) * project(clip * 5 + token, first + c),
          0,
        );
        return Math.exp(score / Math.sqrt(3));
      });
      const total = scores.reduce((a, b) => a + b);
      return scores.reduce((sum, score, token) => sum + (score / total) * project(clip * 5 + token, 6 + channel), 0);
    });
    const expected = readFloat64(probe.head.forward(probe.norm2.forward(probe.proj.forward(tensor(found, [2, 6])))));
    for (const [index, logit] of readFloat64(probe.forward(tokens)).entries()) {
      expect(logit).toBeCloseTo(expected[index] ?? NaN, 5); // `found` went through float32
    }
  });

  it('learns which tokens matter: a class that only one of many tokens shows', () => {
    const probe = createAttentiveProbe({ width: 6, heads: 1, classes: 3 }, { seed: 1 });
    const clip = numbers(24 * 8 * 6, 'clips');
    const labels = new Float32Array(24 * 3);
    for (let row = 0; row < 24; row++) {
      const start = (row * 8 + ((row * 5) % 8)) * 6;
      clip.set([4, row % 3 === 0 ? 4 : 0, row % 3 === 1 ? 4 : 0, row % 3 === 2 ? 4 : 0, 0, 0], start);
      labels[row * 3 + (row % 3)] = 1;
    }
    const [x, y] = [tensor(clip, [24, 8, 6]), tensor(labels, [24, 3])];
    const losses = train(
      [...probe.parameters().values()],
      lossOf(() => probe.forward(x), y),
    );
    expect(losses[0]).toBeCloseTo(Math.log(3), 1);
    expect(losses.at(-1)).toBeLessThan(0.2);
  });

  it('refuses heads that do not divide its width', () => {
    expect(() => new AttentiveProbe({ width: 6, heads: 4, classes: 3 })).toThrow(
      /attentive probe: heads must divide width, got 4 and 6/,
    );
  });
});

/** The losses of sixty steps of AdamW. */
function train(parameters: readonly Parameter[], loss: () => Tensor): readonly number[] {
  const rates = { learningRate: 0.02, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 };
  const states = parameters.map(({ shape }) => ({ firstMoment: zeros(shape), secondMoment: zeros(shape) }));
  return Array.from({ length: 60 }, (_, index) => {
    const { value, gradients } = valueAndGrad(loss, parameters);
    for (const [place, parameter] of parameters.entries()) {
      const [gradient, moments] = [gradients[place], states[place]];
      if (!gradient || !moments) throw new Error('train: a gradient is missing');
      const scalars = { step: scalar(index + 1), gradientScale: scalar(1), apply: full([], 1, 'bool') };
      const next = adamw({ parameter: parameter.value, gradient, ...moments, ...scalars }, rates);
      parameter.assign(next.parameter);
      dispose([moments, scalars]);
      Object.assign(moments, { firstMoment: next.firstMoment, secondMoment: next.secondMoment });
    }
    const [result = NaN] = readFloat64(value);
    dispose([value, gradients]);
    return result;
  });
}
