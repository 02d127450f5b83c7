import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeEngines, ENGINES, expectClose, numbers } from './support/engines.ts';
import { at, broadcast, build, map, transpose, type Nd } from './support/naive.ts';
import { permute, simplifyPermutation } from '../src/loops/permute.ts';

const DTYPES = ['float32', 'int32', 'bool'] as const;

/** Values that every dtype can hold. */
const flags = (shape: readonly number[]): Nd => map(numbers(5)(shape), (value) => Number(value > 0));

describeEngines(Object.keys(ENGINES), (bench) => {
  describe.each(DTYPES)('%s', (dtype) => {
    const input = (shape: readonly number[]) =>
      dtype === 'bool' ? flags(shape) : map(numbers(6)(shape, 9), Math.round);

    test.each([
      [
        [3, 5],
        [1, 0],
      ],
      [
        [4, 3, 5],
        [1, 0, 2],
      ],
      [
        [4, 3, 5],
        [2, 1, 0],
      ],
      [
        [4, 3, 5],
        [0, 2, 1],
      ],
      [
        [2, 3, 4, 5],
        [0, 2, 1, 3],
      ],
      [
        [2, 3, 4, 5],
        [0, 2, 3, 1],
      ],
      [
        [2, 3, 4, 5],
        [3, 2, 1, 0],
      ],
      [
        [2, 3, 4, 2, 3],
        [2, 0, 3, 1, 4],
      ],
      [
        [2, 3, 4, 2, 3],
        [4, 3, 2, 1, 0],
      ],
      [
        [2, 1, 4, 1, 3],
        [3, 0, 1, 4, 2],
      ],
      [
        [3, 1, 5],
        [1, 0, 2],
      ],
      [
        [0, 3],
        [1, 0],
      ],
      [[], []],
    ])('transpose %j by %j', async (shape, permutation) => {
      const x = input(shape);
      expectClose((await bench.run('transpose', [[x, dtype]], { permutation }))[0], transpose(x, permutation), 0);
    });

    test.each([
      [[7], [2], [3]],
      [
        [4, 5],
        [1, 0],
        [2, 5],
      ],
      [
        [4, 5],
        [0, 2],
        [4, 1],
      ],
      [
        [2, 3, 4, 3, 2],
        [1, 0, 2, 1, 0],
        [1, 3, 1, 2, 2],
      ],
      [
        [3, 4],
        [1, 2],
        [0, 2],
      ],
      [
        [3, 4],
        [0, 0],
        [3, 4],
      ],
      [[], [], []],
    ])('slice %j from %j size %j', async (shape, start, size) => {
      const x = input(shape);
      const expected = build(size, (index) =>
        at(
          x,
          index.map((i, axis) => i + (start[axis] ?? 0)),
        ),
      );
      expectClose((await bench.run('slice', [[x, dtype]], { start, size }))[0], expected, 0);
    });

    test('concat along every axis, with empty inputs among them', async () => {
      for (const axis of [0, 1, 2]) {
        const lengths = [2, 0, 1, 3];
        const parts = lengths.map((length, i) =>
          input([3, 2, 4].map((own, a) => (a === axis ? length + (i > 4 ? 1 : 0) : own))),
        );
        const shape = [3, 2, 4].map((own, a) => (a === axis ? 6 : own));
        const expected = build(shape, (index) => {
          let [part, position] = [0, index[axis] ?? 0];
          while (position >= (lengths[part] ?? 0)) position -= lengths[part++] ?? 0;
          const own = index.map((i, a) => (a === axis ? position : i));
          return at(parts[part] as Nd, own);
        });
        expectClose(
          (
            await bench.run(
              'concat',
              parts.map((x) => [x, dtype] as const),
              { axis },
            )
          )[0],
          expected,
          0,
        );
      }
      const alone = input([2, 3]);
      expectClose((await bench.run('concat', [[alone, dtype]], { axis: 1 }))[0], alone, 0);
    });

    test.each([
      [[], [2, 3]],
      [[3], [2, 3]],
      [
        [2, 1],
        [2, 3],
      ],
      [
        [1, 3, 1],
        [2, 2, 3, 4],
      ],
      [
        [2, 3],
        [2, 3],
      ],
      [[1], [1, 1]],
      [
        [1, 3],
        [0, 3],
      ],
    ])('broadcast %j to %j', async (from, shape) => {
      const x = input(from);
      expectClose((await bench.run('broadcast', [[x, dtype]], { shape }))[0], broadcast(x, shape), 0);
    });

    test('reshape', async () => {
      const x = input([2, 6]);
      const [y] = await bench.run('reshape', [[x, dtype]], { shape: [3, 1, 4] });
      expectClose(y, { shape: [3, 1, 4], data: x.data }, 0);
    });

    test('fill', async () => {
      const [y] = await bench.run('fill', [], { shape: [2, 3], value: 1, dtype });
      expectClose(
        y,
        build([2, 3], () => 1),
        0,
      );
      expectClose((await bench.run('fill', [], { shape: [], value: 0, dtype }))[0], { shape: [], data: [0] }, 0);
      expectClose((await bench.run('fill', [], { shape: [0, 2], value: 0, dtype }))[0], { shape: [0, 2], data: [] }, 0);
    });

    test('gather rows, scalar and repeated indices included', async () => {
      const x = input([5, 2, 3]);
      const rows: Nd = { shape: [2, 3], data: [4, 0, 4, 1, 1, 2] };
      const expected = build([2, 3, 2, 3], ([i = 0, j = 0, ...rest]) => at(x, [at(rows, [i, j]), ...rest]));
      expectClose(
        (
          await bench.run(
            'gather',
            [
              [x, dtype],
              [rows, 'int32'],
            ],
            {},
          )
        )[0],
        expected,
        0,
      );
      const flat = input([5]);
      const one = (
        await bench.run(
          'gather',
          [
            [flat, dtype],
            [{ shape: [], data: [3] }, 'int32'],
          ],
          {},
        )
      )[0];
      expectClose(one, { shape: [], data: [flat.data[3] ?? NaN] }, 0);
      const none = (
        await bench.run(
          'gather',
          [
            [x, dtype],
            [{ shape: [0], data: [] }, 'int32'],
          ],
          {},
        )
      )[0];
      expectClose(none, { shape: [0, 2, 3], data: [] }, 0);
    });
  });

  test.each(['float32', 'int32'] as const)('pad %s', async (dtype) => {
    const x = map(numbers(7)([2, 3, 2], 9), Math.round);
    const [before, after] = [
      [1, 0, 2],
      [0, 3, 1],
    ];
    const shape = [3, 6, 5];
    const expected = build(shape, (index) => {
      const own = index.map((i, axis) => i - (before[axis] ?? 0));
      const isInside = own.every((i, axis) => i >= 0 && i < (x.shape[axis] ?? 0));
      return isInside ? at(x, own) : -4;
    });
    expectClose((await bench.run('pad', [[x, dtype]], { before, after, value: -4 }))[0], expected, 0);
    const none = [0, 0, 0];
    expectClose((await bench.run('pad', [[x, dtype]], { before: none, after: none, value: 1 }))[0], x, 0);
  });

  test('cast: floats truncate toward zero, bool is whether a number is other than 0', async () => {
    const x: Nd = { shape: [6], data: [-1.75, -0.5, 0, 0.25, 2.9, 7] };
    const cast = async (from: Nd, fromType: 'float32' | 'int32' | 'bool', dtype: 'float32' | 'int32' | 'bool') =>
      (await bench.run('cast', [[from, fromType]], { dtype }))[0]?.data;
    expect(await cast(x, 'float32', 'int32')).toEqual([-1, 0, 0, 0, 2, 7].map((value) => value + 0));
    expect(await cast(x, 'float32', 'bool')).toEqual([1, 1, 0, 1, 1, 1]);
    expect(await cast({ shape: [3], data: [-2, 0, 5] }, 'int32', 'float32')).toEqual([-2, 0, 5]);
    expect(await cast({ shape: [3], data: [-2, 0, 5] }, 'int32', 'bool')).toEqual([1, 0, 1]);
    expect(await cast({ shape: [2], data: [1, 0] }, 'bool', 'float32')).toEqual([1, 0]);
    expect(await cast({ shape: [2], data: [1, 0] }, 'bool', 'int32')).toEqual([1, 0]);
    expect(await cast({ shape: [1], data: [16777217] }, 'int32', 'float32')).toEqual([16777216]);
  });
});

test('a simplified permutation moves elements as the full one does', () => {
  const cases = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }).chain((shape) =>
    fc.tuple(
      fc.constant(shape),
      fc.shuffledSubarray(
        shape.map((_, axis) => axis),
        { minLength: shape.length },
      ),
    ),
  );
  fc.assert(
    fc.property(cases, ([shape, permutation]) => {
      const x = build(shape, (index) => index.reduce((number, i) => 10 * number + i, 0));
      const out = new Float32Array(x.data.length);
      permute(Float32Array.from(x.data), simplifyPermutation(shape, permutation), out);
      expect(Array.from(out)).toEqual(transpose(x, permutation).data);
    }),
  );
});
