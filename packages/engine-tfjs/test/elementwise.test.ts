import { describe, expect, test } from 'vitest';
import type { PrimitiveName } from '@umt/tensor';
import { describeEngines, ENGINES, expectClose, numbers } from './support/engines.ts';
import { build, erf, map, zip, type Nd } from './support/naive.ts';

type Pair = readonly [readonly number[], readonly number[]];

const SHAPES: readonly Pair[] = [
  [[], []],
  [[7], []],
  [[3, 5], [5]],
  [
    [3, 1],
    [1, 5],
  ],
  [
    [2, 1, 3],
    [4, 1],
  ],
  [
    [2, 3, 1, 5, 1],
    [3, 2, 1, 4],
  ],
  [
    [0, 3],
    [1, 3],
  ],
  [
    [2, 2, 2, 2, 3],
    [2, 2, 2, 2, 3],
  ],
];

const BINARY = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
} satisfies Partial<Record<PrimitiveName, (a: number, b: number) => number>>;

const COMPARISON = {
  equal: (a, b) => Number(a === b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
} satisfies Partial<Record<PrimitiveName, (a: number, b: number) => number>>;

const UNARY = {
  negative: (x) => -x,
  absolute: Math.abs,
  square: (x) => x * x,
  exp: Math.exp,
  erf,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
} satisfies Partial<Record<PrimitiveName, (x: number) => number>>;

const OF_POSITIVE = {
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  log: Math.log,
} satisfies Partial<Record<PrimitiveName, (x: number) => number>>;

const keys = <T extends object>(object: T) => Object.keys(object) as (keyof T)[];

describeEngines(Object.keys(ENGINES), (bench) => {
  describe.each(SHAPES)('shapes %j and %j', (aShape, bShape) => {
    const random = numbers(1);
    const [a, b] = [random(aShape, 3), random(bShape, 3)];
    const [integersA, integersB] = [a, b].map((x) => map(x, Math.round)) as [Nd, Nd];

    test.each(keys(BINARY))('%s', async (name) => {
      expectClose((await bench.run(name, [a, b], {}))[0], zip(BINARY[name], a, b), 1e-6);
    });

    test.each(keys(COMPARISON))('%s of float32 and int32', async (name) => {
      const expected = zip(COMPARISON[name], integersA, integersB);
      expectClose((await bench.run(name, [integersA, integersB], {}))[0], expected);
      const integers = [[integersA, 'int32'] as const, [integersB, 'int32'] as const];
      expectClose((await bench.run(name, integers, {}))[0], expected);
    });

    test.each(['add', 'subtract', 'multiply', 'maximum', 'minimum'] as const)('%s of int32', async (name) => {
      const inputs = [[integersA, 'int32'] as const, [integersB, 'int32'] as const];
      expectClose((await bench.run(name, inputs, {}))[0], zip(BINARY[name], integersA, integersB), 0);
    });

    test('logicalAnd and select', async () => {
      const [p, q] = [a, b].map((x) => map(x, (value) => Number(value > 0))) as [Nd, Nd];
      const both = (
        await bench.run(
          'logicalAnd',
          [
            [p, 'bool'],
            [q, 'bool'],
          ],
          {},
        )
      )[0];
      expectClose(
        both,
        zip((x, y) => x * y, p, q),
      );
      const chosen = zip((c, x, y) => (c === 1 ? x : y), p, b, a);
      expectClose((await bench.run('select', [[p, 'bool'], b, a], {}))[0], chosen, 0);
    });
  });

  describe.each([[[]], [[9]], [[3, 5, 7]], [[0]], [[2, 1, 3, 1, 2]]])('shape %j', (shape) => {
    const x = numbers(2)(shape, 4);

    test.each(keys(UNARY))('%s', async (name) => {
      expectClose((await bench.run(name, [x], {}))[0], map(x, UNARY[name]), 3e-7 * 8);
    });

    test.each(keys(OF_POSITIVE))('%s of positive numbers', async (name) => {
      const positive = map(x, (value) => Math.abs(value) + 0.01);
      expectClose((await bench.run(name, [positive], {}))[0], map(positive, OF_POSITIVE[name]), 1e-6);
    });
  });

  test('large tensors go through the same functions as small ones', async () => {
    const x = numbers(3)([700, 1001], 3);
    for (const name of ['exp', 'erf', 'tanh', 'sigmoid'] as const) {
      const f = name === 'erf' ? undefined : UNARY[name];
      const [result] = await bench.run(name, [x], {});
      for (let i = 0; i < x.data.length; i += 10007) {
        const value = x.data[i] ?? NaN;
        expect(result?.data[i]).toBeCloseTo(f ? f(value) : erf(value), 4);
      }
    }
  });

  test('logicalNot and isFinite', async () => {
    const flags: Nd = { shape: [3], data: [0, 1, 1] };
    expect((await bench.run('logicalNot', [[flags, 'bool']], {}))[0]?.data).toEqual([1, 0, 0]);
    const x: Nd = { shape: [5], data: [1, NaN, Infinity, -Infinity, 0] };
    expect((await bench.run('isFinite', [x], {}))[0]?.data).toEqual([1, 0, 0, 0, 1]);
  });

  test('NaN and infinities propagate as IEEE 754 says, through maximum and minimum too', async () => {
    const values = [NaN, Infinity, -Infinity, 1, 0, -2];
    const a = build([6, 1], ([i]) => values[i ?? 0] ?? 0);
    const b = build([6], ([i]) => values[i ?? 0] ?? 0);
    for (const name of keys(BINARY)) expectClose((await bench.run(name, [a, b], {}))[0], zip(BINARY[name], a, b));
    for (const name of keys(COMPARISON)) {
      expectClose((await bench.run(name, [a, b], {}))[0], zip(COMPARISON[name], a, b));
    }
    const special: Nd = { shape: [3], data: [NaN, Infinity, -Infinity] };
    const limits = { exp: [NaN, Infinity, 0], erf: [NaN, 1, -1], sigmoid: [NaN, 1, 0], tanh: [NaN, 1, -1] };
    for (const name of keys(limits)) expect((await bench.run(name, [special], {}))[0]?.data).toEqual(limits[name]);
  });
});
