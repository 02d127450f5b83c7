import { createReferenceEngine, fromFloat64, readFloat64 } from '@umt/conformance';
import { random } from '@umt/random';
import { multiply, read, scope, setEngine, sum, tensor, valueAndGrad, type Engine } from '@umt/tensor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Attention, Block, initialize, keepOfBlock, normal, type Parameter } from '../src/index.ts';

let engine: Engine;
beforeEach(() => setEngine((engine = createReferenceEngine())));
afterEach(() => setEngine(undefined));

const numbers = (seed: number, length: number) => random({ seed, stream: 'test' }).fillNormal(new Float32Array(length));

/** Multi-head attention of one sample from its definition, with loops. */
function attentionByLoops(
  x: readonly number[][],
  {
    qkv,
    qBias,
    vBias,
    proj,
    projBias,
    heads,
  }: Readonly<Record<'qkv' | 'qBias' | 'vBias' | 'proj' | 'projBias', ArrayLike<number>>> & { heads: number },
): number[][] {
  const width = x[0]?.length ?? 0;
  const headWidth = width / heads;
  const dot = (row: readonly number[], weight: ArrayLike<number>, output: number) =>
    row.reduce((total, value, input) => total + value * (weight[output * width + input] ?? 0), 0);
  const project = (part: number, bias: ArrayLike<number> | null) =>
    x.map((row) => row.map((_, output) => dot(row, qkv, part * width + output) + (bias?.[output] ?? 0)));
  const [q, k, v] = [project(0, qBias), project(1, null), project(2, vBias)];
  const mixed = (q ?? []).map((query) =>
    query.map((_, channel) => {
      const first = Math.floor(channel / headWidth) * headWidth;
      const scores = (k ?? []).map((key) => {
        let score = 0;
        for (let c = first; c < first + headWidth; c++) score += (query[c] ?? 0) * (key[c] ?? 0);
        return Math.exp(score / Math.sqrt(headWidth));
      });
      const total = scores.reduce((a, b) => a + b);
      return scores.reduce((result, score, token) => result + (score / total) * (v?.[token]?.[channel] ?? 0), 0);
    }),
  );
  return mixed.map((row) => row.map((_, output) => dot(row, proj, output) + (projBias[output] ?? 0)));
}

describe('Attention', () => {
  it('is multi-head attention with biases for queries and values and none for keys', async () => {
    const attention = new Attention(12, 3);
    initialize(attention, 1, () => normal(0.5));
    const input = numbers(2, 5 * 12);
    const rows = Array.from({ length: 5 }, (_, row) => Array.from(input.subarray(row * 12, (row + 1) * 12)));
    const values = new Map<string, Float64Array>();
    for (const [name, { value }] of attention.parameters()) values.set(name, readFloat64(value));
    const of = (name: string) => values.get(name) ?? new Float64Array();
    const expected = attentionByLoops(rows, {
      qkv: of('qkv.weight'),
      qBias: of('q_bias'),
      vBias: of('v_bias'),
      proj: of('proj.weight'),
      projBias: of('proj.bias'),
      heads: 3,
    });
    const actual = readFloat64(attention.forward(tensor(input, [1, 5, 12])));
    expect(Math.max(...expected.flat().map((value, index) => Math.abs(value - (actual[index] ?? NaN))))).toBeLessThan(
      1e-12,
    );
  });

  it('without biases is the one whose biases are zero, with fewer parameters', () => {
    const [plain, biased] = [new Attention(12, 3, { qkvBias: false }), new Attention(12, 3)];
    for (const one of [plain, biased]) initialize(one, 1, (name) => (/[qv]_bias/.test(name) ? null : normal(0.5)));
    expect([...plain.parameters().keys()]).toEqual(['qkv.weight', 'proj.weight', 'proj.bias']);
    const input = tensor(numbers(2, 5 * 12), [1, 5, 12]);
    expect(readFloat64(plain.forward(input))).toEqual(readFloat64(biased.forward(input)));
  });

  it('rejects a width that does not split into its heads', () => {
    expect(() => new Attention(10, 3)).toThrow(/width 10 does not split into 3 heads/);
  });
});

describe('Block', () => {
  const build = (initValues: number) => {
    const block = new Block({ width: 6, heads: 2, mlpRatio: 2, initValues });
    initialize(block, 3, (name) => (name.endsWith('norm1.weight') ? null : normal(0.4)));
    return block;
  };

  it.each([
    ['without LayerScale and drop path', 0, false],
    ['with LayerScale and drop path', 0.1, true],
  ])('has the gradients of finite differences %s', async (_, initValues, isDropped) => {
    const block = build(initValues);
    const x = tensor(numbers(4, 2 * 3 * 6), [2, 3, 6]);
    const weights = tensor(numbers(5, 2 * 3 * 6), [2, 3, 6]);
    const keep = isDropped ? keepOfBlock(tensor([2, 0, 1.25, 2], [1, 2, 2]), 0) : undefined;
    const loss = () => sum(multiply(block.forward(x, keep), weights));
    const parameters = [...block.parameters()];
    const { gradients } = valueAndGrad(
      loss,
      parameters.map(([, parameter]) => parameter),
    );
    for (const [index, [name, parameter]] of parameters.entries()) {
      const gradient = gradients[index];
      const analytic = gradient ? readFloat64(gradient) : [];
      const element = (index * 7) % parameter.value.size;
      const numeric = (await lossAt(parameter, element, 1e-5, loss)) - (await lossAt(parameter, element, -1e-5, loss));
      expect(Math.abs((analytic[element] ?? NaN) - numeric / 2e-5), name).toBeLessThan(1e-7);
    }
  });

  it('leaves a sample whose branches are both dropped as it is', async () => {
    const block = build(0);
    const input = numbers(6, 2 * 3 * 6);
    const keep = keepOfBlock(tensor([0, 1, 0, 1], [1, 2, 2]), 0);
    const dropped = await read(block.forward(tensor(input, [2, 3, 6]), keep));
    const whole = await read(block.forward(tensor(input, [2, 3, 6])));
    expect(Array.from(dropped.subarray(0, 18))).toEqual(Array.from(input.subarray(0, 18)));
    expect(Array.from(dropped.subarray(18))).toEqual(Array.from(whole.subarray(18)));
  });

  it('frees everything but its output', () => {
    const block = build(0.1);
    const x = tensor(numbers(7, 2 * 3 * 6), [2, 3, 6]);
    const before = engine.memory().tensors;
    block.forward(x);
    expect(engine.memory().tensors).toBe(before + 1);
  });

  it('has LayerScale vectors, first and under their names, only where they have an initial value', () => {
    expect([...build(0.1).parameters().keys()].slice(0, 2)).toEqual(['gamma_1', 'gamma_2']);
    expect([...build(0).parameters().keys()]).not.toContain('gamma_1');
  });
});

/** The loss with one element of a parameter moved. */
async function lossAt(
  parameter: Parameter,
  element: number,
  by: number,
  loss: () => ReturnType<typeof sum>,
): Promise<number> {
  const original = readFloat64(parameter.value);
  const moved = original.slice();
  moved[element] = (moved[element] ?? 0) + by;
  parameter.assign(fromFloat64(engine, moved, parameter.shape));
  const value = readFloat64(scope(loss))[0] ?? NaN;
  parameter.assign(fromFloat64(engine, original, parameter.shape));
  return value;
}
