import { describe, expect, test } from 'vitest';
import { describeEngines, ENGINES, expectClose, numbers } from './support/engines.ts';
import { build, matmul, swapped, type Nd } from './support/naive.ts';

const FLAGS = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;

describeEngines(Object.keys(ENGINES), (bench) => {
  describe.each(FLAGS)('transposed %s, %s', (transposeA, transposeB) => {
    test.each([
      [[], 1, 1, 1],
      [[], 5, 7, 3],
      [[], 1, 9, 4],
      [[], 6, 1, 5],
      [[], 33, 17, 65],
      [[3], 4, 5, 6],
      [[2, 3], 5, 2, 1],
      [[2, 1, 2], 3, 4, 3],
      [[0], 3, 2, 4],
      [[2], 3, 0, 4],
      [[], 0, 3, 2],
    ])('%j: %i x %i x %i', async (leading, m, k, n) => {
      const random = numbers(10);
      const a = swapped(random([...leading, m, k]), transposeA);
      const b = swapped(random([...leading, k, n]), transposeB);
      const expected = matmul(a, b, transposeA, transposeB);
      expectClose((await bench.run('matmul', [a, b], { transposeA, transposeB }))[0], expected, 2e-6);
    });
  });

  test('NaN and infinities reach the product', async () => {
    const a: Nd = { shape: [3, 2], data: [NaN, 1, Infinity, 1, 2, 3] };
    const b: Nd = { shape: [2, 2], data: [1, 2, 3, 4] };
    const [y] = await bench.run('matmul', [a, b], { transposeA: false, transposeB: false });
    expectClose(y, matmul(a, b));
  });

  test('a matrix written again is multiplied anew', async () => {
    // XNNPACK keeps packed copies of right-hand matrices; an optimizer that writes in place must not meet a stale one
    const { live } = bench;
    const adamw = live.composites.adamw;
    if (!adamw) return;
    const x = bench.put(build([2, 3], () => 1));
    const scalar = (value: number) => bench.put({ shape: [], data: [value] });
    const shape = [3, 4];
    const zeros = () => bench.put(build(shape, () => 0));
    const state = {
      gradient: bench.put(build(shape, () => 1)),
      step: scalar(1),
      gradientScale: scalar(1),
      apply: bench.put({ shape: [], data: [1] }, 'bool'),
    };
    let [weight, m, v] = [bench.put(build(shape, () => 5)), zeros(), zeros()];
    const product = async () => {
      const [y] = live.run('matmul', [x, weight], { transposeA: false, transposeB: false });
      if (!y) throw new Error('no product');
      return (await bench.take(y)).data[0];
    };
    expect(await product()).toBe(15);
    const attributes = { learningRate: 1, beta1: 0.9, beta2: 0.999, epsilon: 0, weightDecay: 0 };
    [weight, m, v] = adamw({ parameter: weight, firstMoment: m, secondMoment: v, ...state }, attributes) as [
      typeof weight,
      typeof m,
      typeof v,
    ];
    expect(await product()).toBeCloseTo(12, 4);
    for (const handle of [x, weight, m, v, ...Object.values(state)]) live.free(handle);
  });
});
