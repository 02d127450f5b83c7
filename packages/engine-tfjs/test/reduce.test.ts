import { describe, expect, test } from 'vitest';
import { describeEngines, ENGINES, expectClose, numbers } from './support/engines.ts';
import { build, map, reduce, softmax, sum, type Nd } from './support/naive.ts';

describeEngines(Object.keys(ENGINES), (bench) => {
  describe.each([
    [[7], [0]],
    [[3, 5], [0]],
    [[3, 5], [1]],
    [
      [3, 5],
      [0, 1],
    ],
    [
      [2, 3, 4, 5],
      [0, 2],
    ],
    [
      [2, 3, 4, 5],
      [1, 3],
    ],
    [
      [2, 3, 4, 5],
      [1, 2],
    ],
    [
      [2, 3, 1, 2, 3],
      [0, 2, 4],
    ],
    [[2, 3, 1, 2, 3], [2]],
    [[5, 1], [1]],
  ])('%j over %j', (shape, axes) => {
    const x = numbers(8)(shape, 2);
    test.each([true, false])('sum and max, axes kept: %s', async (keepAxes) => {
      expectClose((await bench.run('sum', [x], { axes, keepAxes }))[0], reduce(x, axes, keepAxes, sum), 1e-6);
      const largest = reduce(x, axes, keepAxes, (values) => Math.max(...values));
      expectClose((await bench.run('max', [x], { axes, keepAxes }))[0], largest, 0);
      const integers = map(x, (value) => Math.round(9 * value));
      expectClose(
        (await bench.run('sum', [[integers, 'int32']], { axes, keepAxes }))[0],
        reduce(integers, axes, keepAxes, sum),
        0,
      );
    });
  });

  test('the sum of nothing is 0', async () => {
    const empty: Nd = { shape: [0, 3], data: [] };
    expectClose(
      (await bench.run('sum', [empty], { axes: [0], keepAxes: false }))[0],
      { shape: [3], data: [0, 0, 0] },
      0,
    );
    expectClose((await bench.run('sum', [empty], { axes: [1], keepAxes: true }))[0], { shape: [0, 1], data: [] }, 0);
  });

  test('a long sum loses nothing to float32', async () => {
    const x = build([100_000], (index) => (index[0] === 0 ? 2 ** 24 : 1));
    const [total] = await bench.run('sum', [x], { axes: [0], keepAxes: false });
    expect(total?.data[0]).toBe(Math.fround(2 ** 24 + 99_999));
  });

  test('NaN wins in sum and max', async () => {
    const x: Nd = { shape: [2, 3], data: [1, NaN, 5, 1, 2, 3] };
    for (const name of ['sum', 'max'] as const) {
      const [rows] = await bench.run(name, [x], { axes: [1], keepAxes: false });
      expect(rows?.data[0]).toBeNaN();
      expect(rows?.data[1]).toBe(name === 'sum' ? 6 : 3);
      const [columns] = await bench.run(name, [x], { axes: [0], keepAxes: false });
      expect(columns?.data[1]).toBeNaN();
    }
    const low: Nd = { shape: [2], data: [-Infinity, -5] };
    expect((await bench.run('max', [low], { axes: [0], keepAxes: false }))[0]?.data).toEqual([-5]);
  });

  test.each([[[5]], [[3, 7]], [[2, 3, 1]], [[2, 1, 3, 17]], [[4, 0]], [[0, 4]]])('softmax of %j', async (shape) => {
    const x = numbers(9)(shape, 8);
    expectClose((await bench.run('softmax', [x], {}))[0], softmax(x), 1e-6);
  });

  test('softmax holds large scores, hides -Infinity and gives a row of NaN for a NaN', async () => {
    const x: Nd = { shape: [3, 3], data: [1000, 999, -1e30, -Infinity, 0, 1, 1, NaN, 2] };
    const [y] = await bench.run('softmax', [x], {});
    expectClose(y, softmax(x), 1e-6);
    expect(y?.data.slice(6)).toEqual([NaN, NaN, NaN]);
  });
});
