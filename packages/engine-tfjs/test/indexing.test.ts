import { describe, expect, test } from 'vitest';
import { describeEngines, ENGINES, expectClose, numbers } from './support/engines.ts';
import { at, build, indices, map, sum, type Nd } from './support/naive.ts';

describeEngines(Object.keys(ENGINES), (bench) => {
  test.each([[[7, 3]], [[7]], [[7, 2, 1, 3]], [[7, 0]]])('segmentSum of %j', async (shape) => {
    const x = numbers(11)(shape);
    const segments = [3, 0, 3, 1, 1, 3, 0];
    const expected = build([5, ...shape.slice(1)], ([segment, ...rest]) =>
      sum(segments.flatMap((own, row) => (own === segment ? [at(x, [row, ...rest])] : []))),
    );
    const ids: Nd = { shape: [7], data: segments };
    expectClose((await bench.run('segmentSum', [x, [ids, 'int32']], { count: 5 }))[0], expected, 1e-6);
  });

  test('segmentSum into 300 segments takes milliseconds', async () => {
    const x = build([1500, 64], () => 1);
    const ids = build([1500], ([row = 0]) => row % 300);
    const start = performance.now();
    const [totals] = await bench.run('segmentSum', [x, [ids, 'int32']], { count: 300 });
    expect(performance.now() - start).toBeLessThan(2000);
    expect(new Set(totals?.data)).toEqual(new Set([5]));
  });

  describe('topK', () => {
    test.each([
      [[9], 4],
      [[3, 7], 7],
      [[2, 1, 50], 1],
      [[4, 5], 0],
    ])('of %j, k = %i', async (shape, k) => {
      // few distinct values, so that ties decide
      const x = map(numbers(12)(shape, 3), Math.round);
      const rows = indices(shape.slice(0, -1)).map((row) => {
        const values = Array.from({ length: shape.at(-1) ?? 0 }, (_, i) => ({ i, value: at(x, [...row, i]) }));
        return values.sort((a, b) => b.value - a.value || a.i - b.i).slice(0, k);
      });
      const [values, places] = await bench.run('topK', [x], { k });
      const outShape = [...shape.slice(0, -1), k];
      expectClose(values, { shape: outShape, data: rows.flat().map(({ value }) => value) }, 0);
      expectClose(places, { shape: outShape, data: rows.flat().map(({ i }) => i) }, 0);
    });

    test('NaN counts as the largest, as in PyTorch; infinities have their place', async () => {
      const x: Nd = { shape: [6], data: [1, Infinity, NaN, -Infinity, NaN, 3] };
      const [, places] = await bench.run('topK', [x], { k: 6 });
      expect(places?.data).toEqual([2, 4, 1, 5, 0, 3]);
    });
  });

  test.each([
    [[6], 0],
    [[3, 4, 2], 0],
    [[3, 4, 2], 1],
    [[2, 1, 3, 2, 2], 3],
    [[2, 0], 1],
  ])('cumulativeSum of %j along %i', async (shape, axis) => {
    const x = map(numbers(13)(shape, 5), Math.round);
    for (const exclusive of [false, true]) {
      const expected = build(shape, (index) => {
        const end = (index[axis] ?? 0) + (exclusive ? 0 : 1);
        return sum(
          Array.from({ length: end }, (_, i) =>
            at(
              x,
              index.map((own, a) => (a === axis ? i : own)),
            ),
          ),
        );
      });
      for (const dtype of ['float32', 'int32'] as const) {
        expectClose((await bench.run('cumulativeSum', [[x, dtype]], { axis, exclusive }))[0], expected, 1e-6);
      }
    }
  });

  test('oneHot leaves indices outside the depth at zero', async () => {
    const places: Nd = { shape: [2, 3], data: [0, 2, 3, -1, 1, 4] };
    const expected = build([2, 3, 4], ([i = 0, j = 0, depth]) => Number(at(places, [i, j]) === depth));
    expectClose((await bench.run('oneHot', [[places, 'int32']], { depth: 4 }))[0], expected, 0);
    const one = (await bench.run('oneHot', [[{ shape: [], data: [1] }, 'int32']], { depth: 3 }))[0];
    expectClose(one, { shape: [3], data: [0, 1, 0] }, 0);
  });
});
