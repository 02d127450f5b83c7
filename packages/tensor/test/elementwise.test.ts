import { gradientDeviation } from '@umt/conformance';
import {
  absolute,
  add,
  cast,
  divide,
  equal,
  erf,
  exp,
  greater,
  greaterEqual,
  isFinite,
  log,
  logicalAnd,
  logicalNot,
  maximum,
  minimum,
  multiply,
  negative,
  rsqrt,
  scope,
  select,
  sigmoid,
  sizeOf,
  sqrt,
  square,
  subtract,
  tanh,
  tensor,
  vjp,
  type Operand,
  type Shape,
  type Tensor,
} from '@umt/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  broadcastElement,
  elements,
  exact,
  expectClose,
  randomTensor,
  unravel,
  useReferenceEngine,
} from './support.ts';

useReferenceEngine();

const BINARY: Readonly<
  Record<string, readonly [(a: Operand, b: Operand) => Tensor, (a: number, b: number) => number]>
> = {
  add: [add, (a, b) => a + b],
  subtract: [subtract, (a, b) => a - b],
  multiply: [multiply, (a, b) => a * b],
  divide: [divide, (a, b) => a / b],
  maximum: [maximum, (a, b) => (a > b ? a : b)],
  minimum: [minimum, (a, b) => (a < b ? a : b)],
};

const COMPARISONS: typeof BINARY = {
  equal: [equal, (a, b) => (a === b ? 1 : 0)],
  greater: [greater, (a, b) => (a > b ? 1 : 0)],
  greaterEqual: [greaterEqual, (a, b) => (a >= b ? 1 : 0)],
};

/** Operation, closed form, and where its input lies. */
const UNARY: Readonly<Record<string, readonly [(a: Tensor) => Tensor, (a: number) => number, number, number]>> = {
  negative: [negative, (a) => -a, -2, 2],
  absolute: [absolute, Math.abs, -2, 2],
  square: [square, (a) => a * a, -2, 2],
  sqrt: [sqrt, Math.sqrt, 0.1, 4],
  rsqrt: [rsqrt, (a) => a ** -0.5, 0.1, 4],
  exp: [exp, Math.exp, -3, 3],
  log: [log, Math.log, 0.1, 4],
  erf: [erf, erfByQuadrature, -3, 3],
  sigmoid: [sigmoid, (a) => Math.exp(a) / (1 + Math.exp(a)), -4, 4],
  tanh: [tanh, (a) => (Math.exp(2 * a) - 1) / (Math.exp(2 * a) + 1), -3, 3],
};

/** Pairs that broadcast on neither side, one side, both sides; scalars; length-1 axes; nothing at all. */
const SHAPE_PAIRS: readonly (readonly [Shape, Shape])[] = [
  [[3], [3]],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [
    [2, 1, 3],
    [4, 1],
  ],
  [[], [2, 3]],
  [[5], []],
  [[], []],
  [[1], [1, 1]],
  [[1], [7]],
  [
    [3, 1, 1, 2, 1],
    [1, 2, 1, 1, 3],
  ],
  [
    [0, 3],
    [1, 3],
  ],
  [[0], [1]],
];

/** A shape of up to four axes, and another that broadcasts with it. */
const shapePair = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean(), fc.boolean()), { maxLength: 4 })
  .chain((axes) => fc.tuple(fc.constant(axes), fc.nat(axes.length), fc.boolean()))
  .map(([axes, dropped, dropsLeft]): readonly [Shape, Shape] => {
    const left = axes.map(([length, isOne]) => (isOne ? 1 : length));
    const right = axes.map(([length, , isOne]) => (isOne ? 1 : length));
    return dropsLeft ? [left.slice(dropped), right] : [left, right.slice(dropped)];
  });

describe('binary operations', () => {
  for (const [name, [operation, expected]] of Object.entries({ ...BINARY, ...COMPARISONS })) {
    it(`${name} broadcasts as NumPy does, for any pair of shapes`, () => {
      fc.assert(
        fc.property(shapePair, fc.nat(1000), ([left, right], seed) =>
          scope(() => expectBroadcast(operation, expected, left, right, seed)),
        ),
        { seed: 7, numRuns: 60 },
      );
      for (const [left, right] of SHAPE_PAIRS) scope(() => expectBroadcast(operation, expected, left, right, 3));
    });
  }

  for (const [name, [operation]] of Object.entries(BINARY)) {
    it(`${name} has the gradient of finite differences on both sides of every broadcast`, () => {
      for (const [left, right] of SHAPE_PAIRS) {
        scope(() => {
          const a = randomTensor(left, { seed: 11, low: 0.5, high: 2 });
          const b = randomTensor(right, { seed: 12, low: 0.5, high: 2 });
          expect(gradientDeviation(operation, [a, b])).toBeLessThan(1e-8);
          expect(gradientDeviation(operation, [a, b], [1])).toBeLessThan(1e-8);
        });
      }
    });

    it(`${name} takes a number on either side`, () => {
      scope(() => {
        const a = randomTensor([2, 3], { low: 0.5 });
        expectClose(elements(operation(a, 1.25)), elements(operation(a, exact([1.25], []))));
        expectClose(elements(operation(1.25, a)), elements(operation(exact([1.25], []), a)));
        expect(gradientDeviation((x) => operation(operation(1.25, x), 0.75), [a])).toBeLessThan(1e-8);
      });
    });
  }

  it('works on int32 where the contract says so', () => {
    scope(() => {
      const a = tensor(Int32Array.of(5, -3, 7, 7), [2, 2]);
      const b = tensor(Int32Array.of(2, 7), [2]);
      expect(elements(add(a, b))).toEqual([7, 4, 9, 14]);
      expect(elements(subtract(a, b))).toEqual([3, -10, 5, 0]);
      expect(elements(multiply(a, b))).toEqual([10, -21, 14, 49]);
      expect(elements(maximum(a, b))).toEqual([5, 7, 7, 7]);
      expect(elements(minimum(a, 2))).toEqual([2, -3, 2, 2]);
      expect(elements(equal(a, b))).toEqual([0, 0, 0, 1]);
      expect(elements(greater(a, b))).toEqual([1, 0, 1, 0]);
      expect(add(a, b).dtype).toBe('int32');
      expect(greaterEqual(a, 7).dtype).toBe('bool');
    });
  });

  it('gives each side of a tied maximum or minimum half of the gradient', () => {
    scope(() => {
      const a = exact([1, 2, 3, 5]);
      const b = exact([1, 4, 1, 5]);
      const seed = exact([10, 20, 30, 40]);
      const largest = vjp(() => [maximum(a, b)], [a, b], [seed]).gradients.map(elements);
      expect(largest).toEqual([
        [5, 0, 30, 20],
        [5, 20, 0, 20],
      ]);
      const smallest = vjp(() => [minimum(a, b)], [a, b], [seed]).gradients.map(elements);
      expect(smallest).toEqual([
        [5, 20, 0, 20],
        [5, 0, 30, 20],
      ]);
    });
  });

  it('divides without overflow on the way back', () => {
    scope(() => {
      const [a, b] = [exact([1e200]), exact([1e200])];
      const { gradients } = vjp(() => [divide(a, b)], [a, b], [exact([1])]);
      expectClose(
        gradients.map((gradient) => elements(gradient)[0] ?? NaN).map((value) => value * 1e200),
        [1, -1],
      );
    });
  });
});

describe('unary operations', () => {
  for (const [name, [operation, expected, low, high]] of Object.entries(UNARY)) {
    it(`${name} gives its closed form and the gradient of finite differences`, () => {
      for (const shape of [[], [7], [3, 1, 2], [0, 2]]) {
        scope(() => {
          const x = randomTensor(shape, { low, high });
          expectClose(elements(operation(x)), elements(x).map(expected), 1e-10);
          expect(gradientDeviation(operation, [x])).toBeLessThan(1e-7);
        });
      }
    });
  }

  it('gives the absolute value gradient 0 at 0', () => {
    scope(() => {
      const x = exact([-2, 0, 3]);
      const [gradient] = vjp(() => [absolute(x)], [x], [exact([10, 10, 10])]).gradients;
      expect(gradient && elements(gradient)).toEqual([-10, 0, 10]);
    });
  });
});

describe('logic, selection and casts', () => {
  it('tells finite elements from NaN and infinities', () => {
    scope(() => expect(elements(isFinite(exact([0, NaN, Infinity, -Infinity, 1e300])))).toEqual([1, 0, 0, 0, 1]));
  });

  it('combines bool tensors, broadcasting', () => {
    scope(() => {
      const a = tensor(Uint8Array.of(0, 1), [2, 1]);
      const b = tensor(Uint8Array.of(1, 0, 1), [3]);
      expect(elements(logicalAnd(a, b))).toEqual([0, 0, 0, 1, 0, 1]);
      expect(elements(logicalNot(b))).toEqual([0, 1, 0]);
    });
  });

  it('selects with all three sides broadcast, and NaN on the side not taken stays out', () => {
    scope(() => {
      const condition = tensor([1, 0], [2, 1], 'bool');
      const a = exact([1, NaN, 3]);
      expect(elements(select(condition, a, -1))).toEqual([1, NaN, 3, -1, -1, -1]);
      expect(elements(select(condition, 7, exact([5], [])))).toEqual([7, 5]);
      expect(elements(select(condition, tensor(Int32Array.of(1), [1]), 2))).toEqual([1, 2]);
    });
  });

  it('sends the gradient of select to the side that was taken', () => {
    scope(() => {
      const condition = tensor([1, 0, 0, 1, 1, 0], [2, 3], 'bool');
      const inputs = [randomTensor([3], { seed: 1 }), randomTensor([2, 1], { seed: 2 })];
      expect(gradientDeviation((a = exact([]), b = a) => select(condition, a, b), inputs)).toBeLessThan(1e-8);
      const row = tensor([0, 1, 1], [3], 'bool');
      expect(gradientDeviation((a = exact([])) => select(row, a, 4), [randomTensor([2, 1])])).toBeLessThan(1e-8);
      expect(gradientDeviation((a = exact([])) => select(row, 4, a), [randomTensor([])])).toBeLessThan(1e-8);
    });
  });

  it('truncates toward zero when casting to int32, and to bool tells zero from the rest', () => {
    scope(() => {
      const x = exact([1.9, -1.9, 0, 0.2]);
      expect(elements(cast(x, 'int32'))).toEqual([1, -1, 0, 0]);
      expect(elements(cast(x, 'bool'))).toEqual([1, 1, 0, 1]);
      expect(elements(cast(cast(x, 'bool'), 'float32'))).toEqual([1, 1, 0, 1]);
    });
  });

  it('stops gradients at a cast to int32', () => {
    scope(() => {
      const x = exact([1.5, 2.5]);
      const f = () => [multiply(cast(cast(x, 'int32'), 'float32'), x)];
      const [gradient] = vjp(f, [x], [exact([1, 1])]).gradients;
      expect(gradient && elements(gradient)).toEqual([1, 2]);
    });
  });
});

function expectBroadcast(
  operation: (a: Operand, b: Operand) => Tensor,
  expected: (a: number, b: number) => number,
  left: Shape,
  right: Shape,
  seed: number,
): void {
  // whole numbers, so that some are equal
  const whole = (shape: Shape, offset: number) =>
    elements(randomTensor(shape, { seed: seed + offset, low: 1, high: 4 })).map(Math.round);
  const [a, b] = [whole(left, 0), whole(right, 1)];
  const output = operation(exact(a, left), exact(b, right));
  const rank = Math.max(left.length, right.length);
  const padded = (shape: Shape) => [...Array<number>(rank - shape.length).fill(1), ...shape];
  const shape = padded(left).map((length, axis) => (length === 1 ? (padded(right)[axis] ?? 1) : length));
  expect(output.shape).toEqual(shape);
  const closedForm = Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const position = unravel(flat, shape);
    return expected(broadcastElement(a, left, position), broadcastElement(b, right, position));
  });
  expectClose(elements(output), closedForm);
}

/** erf by Simpson's rule, independent of any series. */
function erfByQuadrature(x: number): number {
  const steps = 2000;
  const width = x / steps;
  const density = (index: number) => Math.exp(-((index * width) ** 2));
  let total = density(0) + density(steps);
  for (let index = 1; index < steps; index++) total += density(index) * (index % 2 === 1 ? 4 : 2);
  return ((2 / Math.sqrt(Math.PI)) * total * width) / 3;
}
