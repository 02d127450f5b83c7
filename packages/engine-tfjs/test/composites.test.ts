import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  compositeDefinitions,
  scope,
  Tensor,
  type CompositeAttributes,
  type CompositeDefinition,
  type CompositeKernel,
  type CompositeName,
  type DType,
  type Engine,
} from '@umt/tensor';
import { createCpuEngine } from '@umt/engine-tfjs';
import { arrayOf, describeEngines, expectClose, numbers } from './support/engines.ts';
import { build, map, softmax, type Nd } from './support/naive.ts';

type Input = readonly [Nd, DType] | null;

let reference: Engine;
beforeAll(async () => {
  reference = await createCpuEngine();
});
afterAll(() => reference.dispose());

const float = (x: Nd): Input => [x, 'float32'];

/** Output and gradients of a composite's definition, in primitives on the cpu engine. */
async function define<C extends CompositeName>(
  name: C,
  inputs: readonly Input[],
  attributes: CompositeAttributes[C],
  gradient: Nd,
): Promise<(Nd | null)[]> {
  const definition = compositeDefinitions[name] as unknown as CompositeDefinition<CompositeAttributes[C]>;
  const upload = (input: Input) =>
    input && Tensor.fromHandle(reference, reference.upload(arrayOf(...input), input[0].shape, input[1]));
  const results = scope(() => {
    const tensors = inputs.map(upload);
    const outputs = definition.forward(tensors, attributes);
    const saved = [...definition.savedInputs.map((index) => tensors[index] ?? null), ...outputs.slice(1)];
    const seed = upload(float(gradient));
    if (!seed) throw new Error('no seed');
    const gradients = definition.backward(
      saved,
      seed,
      attributes,
      inputs.map((input) => input?.[1] === 'float32'),
    );
    return [outputs[0] ?? null, ...gradients];
  });
  return Promise.all(
    results.map(async (tensor) => tensor && { shape: tensor.shape, data: [...(await reference.read(tensor.handle))] }),
  );
}

describeEngines(['wasm, XNNPACK', 'wasm, onnxruntime'], (bench) => {
  /** The same from the engine's own kernels; `needs` as given. Nothing may stay behind. */
  async function run<C extends CompositeName>(
    name: C,
    inputs: readonly Input[],
    attributes: CompositeAttributes[C],
    gradient: Nd,
    needs: readonly boolean[] = inputs.map((input) => input?.[1] === 'float32'),
  ): Promise<(Nd | null)[]> {
    const { live } = bench;
    const before = live.memory();
    const kernel = live.composites[name] as CompositeKernel<CompositeAttributes[C]> | undefined;
    if (!kernel?.forward || !kernel.backward) throw new Error(`${name} is not overridden`);
    const handles = inputs.map((input) => input && bench.put(...input));
    const [output, ...extras] = kernel.forward(handles, attributes);
    if (!output) throw new Error('no output');
    const saved = compositeDefinitions[name].savedInputs.map((index) => handles[index] ?? null);
    const seed = bench.put(gradient);
    const gradients = kernel.backward([...saved, ...extras], seed, attributes, needs);
    const results = [await bench.take(output)];
    for (const handle of [...handles, ...extras, seed]) if (handle) live.free(handle);
    const taken = [];
    for (const handle of gradients) taken.push(handle && (await bench.take(handle)));
    expect(live.memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    return [...results, ...taken];
  }

  async function compare<C extends CompositeName>(
    name: C,
    inputs: readonly Input[],
    attributes: CompositeAttributes[C],
    outShape: readonly number[],
    tolerance = 3e-6,
  ): Promise<void> {
    const gradient = numbers(99)(outShape);
    const [expected, actual] = [
      await define(name, inputs, attributes, gradient),
      await run(name, inputs, attributes, gradient),
    ];
    expect(actual.map((x) => x === null)).toEqual(
      inputs
        .map(() => false)
        .concat(false)
        .map((_, i) => (expected[i] ?? null) === null),
    );
    actual.forEach((x, index) => x && expectClose(x, expected[index] as Nd, tolerance));
  }

  describe('linear', () => {
    test.each([
      [[5, 7], 3],
      [[2, 3, 17], 9],
      [[1, 1, 1], 1],
      [[1, 33], 65],
      [[0, 4], 3],
      [[4], 6],
      [[2, 2, 3, 4], 5],
    ])('x %j to %i outputs, with and without bias', async (xShape, outputs) => {
      const random = numbers(21);
      const weight = random([outputs, xShape.at(-1) ?? 0]);
      const outShape = [...xShape.slice(0, -1), outputs];
      const x = float(random(xShape));
      await compare('linear', [x, float(weight), float(random([outputs]))], {}, outShape);
      await compare('linear', [x, float(weight), null], {}, outShape);
    });
  });

  test('only the gradients that are needed come back', async () => {
    const random = numbers(22);
    const x = float(random([2, 3, 4]));
    const row = float(random([4]));
    const gradient = random([2, 3, 4]);
    const cases = {
      linear: [[x, float(random([4, 4])), row], {}],
      layerNorm: [[x, row, row], { epsilon: 1e-6 }],
      gelu: [[x], {}],
      quickGelu: [[x], {}],
      attention: [[x, x, x, null], { heads: 2, scale: 1, causal: false }],
      l2Normalize: [[x], { epsilon: 1e-6 }],
    } satisfies { [C in CompositeName]?: [Input[], CompositeAttributes[C]] };
    for (const [name, [inputs, attributes]] of Object.entries(cases)) {
      for (let needed = -1; needed < inputs.length; needed++) {
        const needs = inputs.map((input, index) => index === needed && input !== null);
        const [, ...gradients] = await run(name as CompositeName, inputs, attributes, gradient, needs);
        expect(gradients.map((one) => one !== null)).toEqual(needs);
      }
    }
  });

  test.each([[[6]], [[3, 5, 7]], [[0, 3]], [[2, 1, 40_001]]])('gelu and quickGelu of %j', async (shape) => {
    const x = float(numbers(23)(shape, 5));
    await compare('gelu', [x], {}, shape, 2e-6);
    await compare('quickGelu', [x], {}, shape, 2e-6);
  });

  test.each([[[3, 8]], [[2, 5, 17]], [[4, 1]], [[9]], [[0, 6]]])('layerNorm of %j', async (shape) => {
    const random = numbers(24);
    const width = shape.at(-1) ?? 1;
    const x = map(random(shape, 2), (value) => value + 3);
    await compare('layerNorm', [x, random([width]), random([width])].map(float), { epsilon: 1e-6 }, shape, 2e-5);
  });

  describe('attention', () => {
    const sizes = [
      { batch: 1, queries: 5, keys: 7, heads: 1, head: 4 },
      { batch: 2, queries: 9, keys: 9, heads: 3, head: 8 },
      { batch: 3, queries: 1, keys: 11, heads: 2, head: 5 },
      { batch: 2, queries: 6, keys: 1, heads: 2, head: 1 },
      { batch: 1, queries: 70, keys: 65, heads: 2, head: 16 },
    ];
    describe.each(sizes)(
      '$batch samples, $queries x $keys, $heads heads of $head',
      ({ batch, queries, keys, heads, head }) => {
        const random = numbers(25);
        const width = heads * head;
        const [q, k, v] = [
          random([batch, queries, width], 2),
          random([batch, keys, width], 2),
          random([batch, keys, width]),
        ];
        const inputs = [q, k, v].map(float);
        const attributes = { heads, scale: 0.3, causal: false };

        test('plain', () => compare('attention', [...inputs, null], attributes, q.shape));
        test('causal', () => compare('attention', [...inputs, null], { ...attributes, causal: true }, q.shape));
        test('with a key mask, one sample of which hides every key', async () => {
          const mask = build([batch, keys], ([sample = 0, key = 0]) =>
            Number(sample > 0 || batch === 1 ? (key + sample) % 3 !== 1 : 0),
          );
          await compare('attention', [...inputs, [mask, 'bool']], attributes, q.shape);
          await compare('attention', [...inputs, [mask, 'bool']], { ...attributes, causal: true }, q.shape);
        });
      },
    );

    test('without queries or keys', async () => {
      const empty = (tokens: number): Nd => build([2, tokens, 4], () => 1);
      const attributes = { heads: 2, scale: 1, causal: false };
      const [y] = await run(
        'attention',
        [empty(0), empty(3), empty(3)].map(float).concat([null]),
        attributes,
        empty(0),
      );
      expect(y?.shape).toEqual([2, 0, 4]);
      const [zeros] = await run(
        'attention',
        [empty(3), empty(0), empty(0)].map(float).concat([null]),
        attributes,
        empty(3),
      );
      expect(new Set(zeros?.data)).toEqual(new Set([0]));
    });
  });

  test.each([
    [[2, 5, 3], 3],
    [[1, 4], 4],
    [[3, 6, 2, 2], 1],
    [[2, 3, 4], 0],
  ])('selectTokens of %j, %i a sample', async (shape, selected) => {
    const x = numbers(26)(shape);
    const tokens = shape[1] ?? 0;
    const indices = build(
      [shape[0] ?? 0, selected],
      ([sample = 0, i = 0]) => (3 * sample + (tokens - 1) * (i + 1)) % tokens,
    );
    await compare('selectTokens', [float(x), [indices, 'int32']], { tokens }, [...indices.shape, ...shape.slice(2)], 0);
  });

  test('selectTokens names an index that is out of range', () => {
    const { live } = bench;
    const [x, indices] = [bench.put(build([1, 2, 1], () => 0)), bench.put({ shape: [1, 1], data: [2] }, 'int32')];
    expect(() => live.composites.selectTokens?.forward?.([x, indices], { tokens: 2 })).toThrow(
      /index 2 .* outside 0\.\.1/,
    );
    live.free(x);
    live.free(indices);
  });

  test.each([[[3, 8]], [[2, 3, 5]], [[4, 1]], [[0, 3]]])('l2Normalize of %j', async (shape) => {
    const x = numbers(27)(shape, 3);
    await compare('l2Normalize', [float(x)], { epsilon: 1e-12 }, shape);
    if (shape[0] !== 0) await compare('l2Normalize', [float(build(shape, () => 0))], { epsilon: 1e-2 }, shape);
  });

  test.each([[[4, 7]], [[1, 1]]])('softmaxCrossEntropy of %j', async (shape) => {
    const random = numbers(28);
    const inputs = [random(shape, 20), softmax(random(shape, 3))].map(float);
    const gradient = random([shape[0] ?? 0]);
    const [expected, actual] = [
      await define('softmaxCrossEntropy', inputs, {}, gradient),
      await run('softmaxCrossEntropy', inputs, {}, gradient, [true, false]),
    ];
    expectClose(actual[0] ?? undefined, expected[0] as Nd, 2e-6);
    expectClose(actual[1] ?? undefined, expected[1] as Nd, 2e-6);
  });
});
