import { gradientDeviation } from '@umt/conformance';
import {
  broadcastTo,
  concat,
  gather,
  multiply,
  oneHot,
  pad,
  reshape,
  segmentSum,
  slice,
  split,
  square,
  stack,
  scope,
  sum,
  tensor,
  topK,
  transpose,
  valueAndGrad,
  type Shape,
  type Tensor,
} from '@umt/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { broadcastElement, elements, exact, randomTensor, unravel, useReferenceEngine } from './support.ts';

useReferenceEngine();

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });

/** A tensor whose elements are their flat positions. */
function counting(shape: Shape): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return exact(
    Array.from({ length: size }, (_, index) => index),
    shape,
  );
}

/** Checks every element of `output` against the flat position in the input that `source` names for its own position. */
function expectMoved(output: Tensor, input: Shape, source: (position: readonly number[]) => readonly number[]): void {
  const strides = input.map((_, axis) => input.slice(axis + 1).reduce((product, length) => product * length, 1));
  const expected = elements(output).map((_, flat) =>
    source(unravel(flat, output.shape)).reduce((total, index, axis) => total + index * (strides[axis] ?? NaN), 0),
  );
  expect(elements(output)).toEqual(expected);
}

describe('moving elements', () => {
  it('reshape keeps the order and fills in one -1', () => {
    scope(() => {
      const x = counting([2, 3, 4]);
      expect(reshape(x, [4, -1]).shape).toEqual([4, 6]);
      expect(elements(reshape(x, [6, 4]))).toEqual(elements(x));
      expect(reshape(exact([3], [1, 1]), []).shape).toEqual([]);
      expect(reshape(exact([], [0, 2]), [2, 0, 5]).shape).toEqual([2, 0, 5]);
      expect(gradientDeviation((y = x) => reshape(y, [-1]), [randomTensor([2, 3])])).toBeLessThan(1e-8);
    });
  });

  it('transpose puts input axis permutation[i] at output axis i', () => {
    const cases = shapes.chain((shape) =>
      fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
    );
    fc.assert(
      fc.property(cases, ([shape, permutation]) =>
        scope(() => {
          const output = transpose(counting(shape), permutation);
          expect(output.shape).toEqual(permutation.map((axis) => shape[axis]));
          expectMoved(output, shape, (position) => shape.map((_, axis) => position[permutation.indexOf(axis)] ?? NaN));
        }),
      ),
      { seed: 8, numRuns: 60 },
    );
  });

  it('transpose swaps the last two axes by itself, and has a gradient', () => {
    scope(() => {
      expect(elements(transpose(counting([2, 3])))).toEqual([0, 3, 1, 4, 2, 5]);
      const x = randomTensor([2, 3, 4]);
      expect(gradientDeviation((y = x) => transpose(y, [2, 0, 1]), [x])).toBeLessThan(1e-8);
      expect(gradientDeviation((y = x) => transpose(y), [x])).toBeLessThan(1e-8);
    });
  });

  it('slice takes a box, pad puts one into a larger one', () => {
    const cases = shapes.chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.tuple(...shape.map((length) => fc.nat(length))),
        fc.tuple(...shape.map(() => fc.nat(2))),
      ),
    );
    fc.assert(
      fc.property(cases, ([shape, start, after]) =>
        scope(() => {
          const size = shape.map((length, axis) => length - (start[axis] ?? 0));
          expectMoved(slice(counting(shape), start, size), shape, (position) =>
            position.map((index, axis) => index + (start[axis] ?? NaN)),
          );
          const padded = pad(counting(shape), start, after, -7);
          expect(elements(slice(padded, start, shape))).toEqual(elements(counting(shape)));
          const isInside = (position: readonly number[]) =>
            position.every((index, axis) => {
              const own = index - (start[axis] ?? 0);
              return own >= 0 && own < (shape[axis] ?? 0);
            });
          for (const [flat, value] of elements(padded).entries()) {
            if (!isInside(unravel(flat, padded.shape))) expect(value).toBe(-7);
          }
        }),
      ),
      { seed: 9, numRuns: 40 },
    );
  });

  it('slice and pad have the gradient of finite differences', () => {
    scope(() => {
      const x = randomTensor([3, 4]);
      expect(gradientDeviation((y = x) => slice(y, [1, 0], [2, -1]), [x])).toBeLessThan(1e-8);
      expect(gradientDeviation((y = x) => slice(y, [3, 0], [0, 4]), [x])).toBeLessThan(1e-8);
      expect(gradientDeviation((y = x) => pad(y, [1, 0], [0, 2], 5), [x])).toBeLessThan(1e-8);
    });
  });

  it('concat and split undo each other along any axis', () => {
    scope(() => {
      for (const axis of [0, 1, -1]) {
        const x = counting([4, 6, 5].map((length, index) => (index === (axis + 3) % 3 ? 6 : length)));
        expect(elements(concat(split(x, [1, 0, 2, 3], axis), axis))).toEqual(elements(x));
        expect(elements(concat(split(x, 3, axis), axis))).toEqual(elements(x));
      }
      expect(elements(concat([counting([2, 2]), counting([2, 1])], 1))).toEqual([0, 1, 0, 2, 3, 1]);
      expect(elements(concat([tensor(Int32Array.of(4), [1]), tensor(Int32Array.of(5), [1])]))).toEqual([4, 5]);
    });
  });

  it('a split gives its input one gradient: zeros for pieces nobody used, and another derivative through it', () => {
    scope(() => {
      const x = randomTensor([2, 6]);
      const [unused, used] = [0, 1];
      expect(gradientDeviation((y = x) => square(split(y, [2, 1, 3])[used] ?? y), [x])).toBeLessThan(1e-6);
      expect(gradientDeviation((y = x) => split(y, [2, 1, 3])[unused] ?? y, [x])).toBeLessThan(1e-8);
      const slope = (y: Tensor) => {
        const product = () => {
          const [a, b] = split(y, 2);
          return sum(multiply(square(a ?? y), b ?? y));
        };
        return valueAndGrad(product, [y]).gradients[0] ?? y;
      };
      expect(gradientDeviation((y = x) => slope(y), [x])).toBeLessThan(1e-6);
    });
  });

  it('concat, split and stack have the gradient of finite differences', () => {
    scope(() => {
      const inputs = [randomTensor([2, 1], { seed: 1 }), randomTensor([2, 3], { seed: 2 }), randomTensor([2, 0])];
      expect(gradientDeviation((...parts) => concat(parts, 1), inputs)).toBeLessThan(1e-8);
      expect(gradientDeviation((...parts) => concat(parts, 1), inputs, [1])).toBeLessThan(1e-8);
      const x = randomTensor([2, 6]);
      expect(gradientDeviation((y = x) => split(y, [1, 2, 3], 1), [x])).toBeLessThan(1e-8);
      const pair = [randomTensor([3], { seed: 3 }), randomTensor([3], { seed: 4 })];
      for (const axis of [0, 1, -1]) {
        expect(gradientDeviation((...parts) => stack(parts, axis), pair)).toBeLessThan(1e-8);
      }
      expect(elements(stack([exact([1, 2]), exact([3, 4])], -1))).toEqual([1, 3, 2, 4]);
    });
  });

  it('broadcastTo repeats axes of length 1 and adds leading ones', () => {
    scope(() => {
      const cases: readonly (readonly [Shape, Shape])[] = [
        [[3], [2, 3]],
        [
          [2, 1],
          [4, 2, 3],
        ],
        [[], [2]],
        [[1], [0]],
        [[2], [2]],
      ];
      for (const [from, to] of cases) {
        const x = randomTensor(from);
        const output = broadcastTo(x, to);
        const expected = elements(output).map((_, flat) => broadcastElement(elements(x), from, unravel(flat, to)));
        expect([output.shape, elements(output)]).toEqual([to, expected]);
        expect(gradientDeviation((y = x) => broadcastTo(y, to), [x])).toBeLessThan(1e-8);
      }
    });
  });
});

describe('rows and indices', () => {
  it('gather picks rows in the shape of the indices, repeats included', () => {
    scope(() => {
      const x = counting([4, 3]);
      const picked = gather(x, tensor(Int32Array.of(2, 0, 2, 3), [2, 2]));
      expect(picked.shape).toEqual([2, 2, 3]);
      expect(elements(picked)).toEqual([6, 7, 8, 0, 1, 2, 6, 7, 8, 9, 10, 11]);
      expect(elements(gather(exact([5, 6, 7]), tensor(Int32Array.of(1), [])))).toEqual([6]);
    });
  });

  it('segmentSum adds the rows of each segment; segments nobody names are 0', () => {
    scope(() => {
      const x = counting([4, 2]);
      expect(elements(segmentSum(x, tensor(Int32Array.of(2, 0, 2, 2), [4]), 4))).toEqual([2, 3, 0, 0, 10, 13, 0, 0]);
      expect(elements(segmentSum(exact([], [0, 2]), tensor(new Int32Array(), [0]), 2))).toEqual([0, 0, 0, 0]);
    });
  });

  it('gather and segmentSum have the gradient of finite differences, repeats included', () => {
    scope(() => {
      const x = randomTensor([4, 3]);
      const repeated = tensor(Int32Array.of(2, 0, 2, 3, 2, 1), [2, 3]);
      expect(gradientDeviation((y = x) => gather(y, repeated), [x])).toBeLessThan(1e-8);
      const line = randomTensor([4]);
      expect(gradientDeviation((y = line) => gather(y, repeated), [line])).toBeLessThan(1e-8);
      const segments = tensor(Int32Array.of(1, 1, 4, 0), [4]);
      expect(gradientDeviation((y = x) => segmentSum(y, segments, 5), [x])).toBeLessThan(1e-8);
    });
  });

  it('topK gives the largest in descending order, the lower index first among equals', () => {
    const numbers = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 12 });
    const cases = numbers.chain((row) => fc.tuple(fc.constant(row), fc.integer({ min: 1, max: row.length })));
    fc.assert(
      fc.property(cases, ([row, k]) =>
        scope(() => {
          const { values, indices } = topK(exact([...row, ...row], [2, row.length]), k);
          const order = row.map((value, index) => ({ value, index })).sort((a, b) => b.value - a.value); // stable
          const expected = order.slice(0, k);
          expect(indices.dtype).toBe('int32');
          expect(elements(values)).toEqual([...expected, ...expected].map(({ value }) => value));
          expect(elements(indices)).toEqual([...expected, ...expected].map(({ index }) => index));
        }),
      ),
      { seed: 10, numRuns: 60 },
    );
  });

  it('oneHot gives a row of zeros for an index outside', () => {
    scope(() => {
      const output = oneHot(tensor(Int32Array.of(1, -1, 3, 0), [2, 2]), 3);
      expect(output.shape).toEqual([2, 2, 3]);
      expect(elements(output)).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
    });
  });
});
