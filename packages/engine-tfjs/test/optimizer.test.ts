import { describe, expect, test } from 'vitest';
import type { Handle } from '@umt/tensor';
import { describeEngines, expectClose, numbers, type Workbench } from './support/engines.ts';
import { build, map, type Nd } from './support/naive.ts';

const ATTRIBUTES = { learningRate: 1e-2, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.05 };

interface State {
  readonly parameter: Nd;
  readonly gradient: Nd;
  readonly firstMoment: Nd;
  readonly secondMoment: Nd;
}

/** AdamW as Loshchilov and Hutter write it, in float64. */
function expectedUpdate({ parameter, gradient, firstMoment, secondMoment }: State, step: number, scale: number): Nd[] {
  const { learningRate, beta1, beta2, epsilon, weightDecay } = ATTRIBUTES;
  const g = gradient.data.map((value) => value * scale);
  const m = firstMoment.data.map((value, i) => beta1 * value + (1 - beta1) * (g[i] ?? 0));
  const v = secondMoment.data.map((value, i) => beta2 * value + (1 - beta2) * (g[i] ?? 0) ** 2);
  const p = parameter.data.map((value, i) => {
    const direction = (m[i] ?? 0) / (1 - beta1 ** step) / (Math.sqrt((v[i] ?? 0) / (1 - beta2 ** step)) + epsilon);
    return value * (1 - learningRate * weightDecay) - learningRate * direction;
  });
  return [p, m, v].map((data) => ({ shape: parameter.shape, data }));
}

function update(bench: Workbench, state: State, step: number, scale: number, apply: boolean, keep: Handle[] = []) {
  const { live } = bench;
  const scalar = (value: number) => bench.put({ shape: [], data: [value] });
  const consumed = {
    parameter: bench.put(state.parameter),
    firstMoment: bench.put(state.firstMoment),
    secondMoment: bench.put(state.secondMoment),
  };
  const others = {
    gradient: bench.put(state.gradient),
    step: scalar(step),
    gradientScale: scalar(scale),
    apply: bench.put({ shape: [], data: [Number(apply)] }, 'bool'),
  };
  const [view] = live.run('reshape', [consumed.parameter], { shape: [state.parameter.data.length] });
  if (keep.length === 0 && view) live.free(view);
  else if (view) keep.push(view);
  const results = live.composites.adamw?.({ ...consumed, ...others }, ATTRIBUTES) ?? [];
  for (const handle of Object.values(others)) live.free(handle);
  return results;
}

describeEngines(['wasm, XNNPACK', 'wasm, onnxruntime'], (bench) => {
  describe('adamw', () => {
    const random = numbers(31);
    const shape = [7, 13];
    const state = {
      parameter: random(shape),
      gradient: random(shape, 3),
      firstMoment: random(shape),
      secondMoment: map(random(shape), Math.abs),
    };

    test.each([
      [1, 1],
      [1000, 0.25],
    ])('step %i with the gradient times %f', async (step, scale) => {
      const before = bench.live.memory();
      const results = update(bench, state, step, scale, true);
      const expected = expectedUpdate(state, step, scale);
      for (const [index, handle] of results.entries())
        expectClose(await bench.take(handle), expected[index] as Nd, 1e-6);
      expect(results).toHaveLength(3);
      expect(bench.live.memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    });

    test('a parameter of 600,000 elements', async () => {
      const long = [600_001];
      const state = {
        parameter: random(long),
        gradient: random(long, 3),
        firstMoment: random(long),
        secondMoment: map(random(long), Math.abs),
      };
      const expected = expectedUpdate(state, 7, 0.5);
      for (const [index, handle] of update(bench, state, 7, 0.5, true).entries()) {
        expectClose(await bench.take(handle), expected[index] as Nd, 1e-6);
      }
    });

    test('a refused update leaves parameter and moments bit-identical, even with a gradient of NaN', async () => {
      const broken = { ...state, gradient: build(shape, () => NaN) };
      const results = update(bench, broken, 3, 1, false);
      const expected = [state.parameter, state.firstMoment, state.secondMoment];
      for (const [index, handle] of results.entries()) {
        const { data } = await bench.take(handle);
        expect(Float32Array.from(data)).toEqual(Float32Array.from(expected[index]?.data ?? []));
      }
    });

    test('a reshaped view of the old parameter keeps the old value', async () => {
      const views: Handle[] = [bench.put({ shape: [], data: [0] })];
      const results = update(bench, state, 1, 1, true, views);
      const [marker, view] = views;
      if (!marker || !view) throw new Error('no view');
      expectClose(await bench.take(view), { shape: [91], data: state.parameter.data }, 0);
      expectClose(await bench.take(results[0] as Handle), expectedUpdate(state, 1, 1)[0] as Nd, 1e-6);
      for (const handle of [marker, ...results.slice(1)]) bench.live.free(handle);
    });
  });

  test('sumOfSquares adds over all tensors in float64', async () => {
    const { live } = bench;
    const parts = [
      build([3, 5], ([i = 0]) => i - 1),
      build([], () => 2),
      build([0], () => 0),
      build([10_001], () => 1),
    ];
    const handles = parts.map((part) => bench.put(part));
    const total = live.composites.sumOfSquares?.(handles);
    if (!total) throw new Error('not overridden');
    expectClose(await bench.take(total), { shape: [], data: [10 + 4 + 10_001] }, 0);

    // one large and many small squares: float32 would drop every small one
    const mixed = bench.put(build([10_001], ([i]) => (i === 0 ? 4096 : 1)));
    const precise = live.composites.sumOfSquares?.([mixed]);
    expect((await bench.take(precise as Handle)).data[0]).toBe(2 ** 24 + 10_000);
    const broken = bench.put({ shape: [2], data: [1, NaN] });
    expect((await bench.take(live.composites.sumOfSquares?.([broken, mixed]) as Handle)).data[0]).toBeNaN();
    for (const handle of [...handles, mixed, broken]) live.free(handle);
  });
});
