import { gradientDeviation } from '@umt/conformance';
import {
  cumulativeSum,
  matmul,
  max,
  mean,
  scope,
  sizeOf,
  softmax,
  sum,
  tensor,
  vjp,
  type ReduceOptions,
  type Shape,
  type Tensor,
} from '@umt/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elements, exact, expectClose, randomTensor, unravel, useReferenceEngine } from './support.ts';

useReferenceEngine();

const REDUCTIONS: readonly (readonly [Shape, ReduceOptions])[] = [
  [[3, 4, 2], {}],
  [[3, 4, 2], { axes: 1 }],
  [[3, 4, 2], { axes: [0, -1] }],
  [[3, 4, 2], { axes: [2, 0], keepAxes: true }],
  [[3, 1, 2], { axes: 1 }],
  [[1, 1], { axes: [0, 1] }],
  [[5], { keepAxes: true }],
  [[], {}],
  [[2, 3], { axes: [] }],
];

describe('reductions', () => {
  for (const [shape, options] of REDUCTIONS) {
    const title = `[${shape.join(', ')}] over ${JSON.stringify(options.axes ?? 'all')}${options.keepAxes ? ', kept' : ''}`;

    it(`sum, mean and max of ${title}`, () => {
      scope(() => {
        const x = randomTensor(shape);
        const groups = grouped(x, options);
        const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
        expect(sum(x, options).shape).toEqual(groups.shape);
        expectClose(elements(sum(x, options)), groups.values.map(total));
        expectClose(
          elements(mean(x, options)),
          groups.values.map((values) => total(values) / values.length),
        );
        expectClose(
          elements(max(x, options)),
          groups.values.map((values) => Math.max(...values)),
        );
      });
    });

    it(`their gradients, ${title}`, () => {
      scope(() => {
        const x = randomTensor(shape);
        expect(gradientDeviation((y = x) => sum(y, options), [x])).toBeLessThan(1e-8);
        expect(gradientDeviation((y = x) => mean(y, options), [x])).toBeLessThan(1e-8);
        expect(gradientDeviation((y = x) => max(y, options), [x])).toBeLessThan(1e-8);
      });
    });
  }

  it('sums nothing to 0 and averages nothing to NaN', () => {
    scope(() => {
      const empty = exact([], [0, 2]);
      expect(elements(sum(empty, { axes: 0 }))).toEqual([0, 0]);
      expect(elements(mean(empty, { axes: 0 }))).toEqual([NaN, NaN]);
      expect(elements(mean(empty, { axes: 1 }))).toEqual([]);
      expect(gradientDeviation((x = empty) => sum(x), [empty])).toBe(0);
    });
  });

  it('sums int32', () => {
    scope(() => {
      const total = sum(tensor(Int32Array.of(1, 2, 3, 4), [2, 2]), { axes: 0 });
      expect([total.dtype, ...elements(total)]).toEqual(['int32', 4, 6]);
    });
  });

  it('shares the gradient of max evenly among ties', () => {
    scope(() => {
      const x = exact([1, 3, 3, 2, 2, 2], [2, 3]);
      const [gradient] = vjp(() => [max(x, { axes: 1 })], [x], [exact([1, 6])]).gradients;
      expect(gradient && elements(gradient)).toEqual([0, 0.5, 0.5, 2, 2, 2]);
    });
  });
});

describe('softmax', () => {
  it('gives exponentials over their sum along the last axis', () => {
    for (const shape of [[5], [3, 1], [2, 3, 4]]) {
      scope(() => {
        const x = randomTensor(shape);
        const width = shape.at(-1) ?? 1;
        const exponentials = elements(x).map(Math.exp);
        const expected = exponentials.map((value, index) => {
          const row = Math.floor(index / width) * width;
          return value / exponentials.slice(row, row + width).reduce((a, b) => a + b);
        });
        expectClose(elements(softmax(x)), expected);
        expect(gradientDeviation(softmax, [x])).toBeLessThan(1e-8);
      });
    }
  });

  it('survives scores that overflow exp', () => {
    scope(() => expectClose(elements(softmax(exact([1000, 1000, -1000]))), [0.5, 0.5, 0]));
  });
});

describe('cumulativeSum', () => {
  it('runs along any axis, with or without the element itself', () => {
    scope(() => {
      const x = exact([1, 2, 3, 4, 5, 6], [2, 3]);
      expect(elements(cumulativeSum(x))).toEqual([1, 3, 6, 4, 9, 15]);
      expect(elements(cumulativeSum(x, 0))).toEqual([1, 2, 3, 5, 7, 9]);
      expect(elements(cumulativeSum(x, 1, { exclusive: true }))).toEqual([0, 1, 3, 0, 4, 9]);
      expect(elements(cumulativeSum(tensor(Int32Array.of(1, 2, 3), [3])))).toEqual([1, 3, 6]);
    });
  });

  it('has the gradient of finite differences', () => {
    scope(() => {
      for (const shape of [[1], [5], [3, 4], [2, 3, 1]]) {
        for (const exclusive of [false, true]) {
          for (const axis of shape.keys()) {
            const x = randomTensor(shape);
            expect(gradientDeviation((y = x) => cumulativeSum(y, axis, { exclusive }), [x])).toBeLessThan(1e-8);
          }
        }
      }
    });
  });
});

describe('matmul', () => {
  const sizes = fc.record({
    leading: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
    rows: fc.integer({ min: 1, max: 5 }),
    inner: fc.integer({ min: 0, max: 5 }),
    columns: fc.integer({ min: 1, max: 5 }),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
  });

  it('sums products over the inner axis, for any leading axes and either input transposed', () => {
    fc.assert(
      fc.property(sizes, ({ leading, rows, inner, columns, transposeA, transposeB }) =>
        scope(() => {
          const a = randomTensor([...leading, ...(transposeA ? [inner, rows] : [rows, inner])], { seed: 3 });
          const b = randomTensor([...leading, ...(transposeB ? [columns, inner] : [inner, columns])], { seed: 4 });
          const output = matmul(a, b, { transposeA, transposeB });
          expect(output.shape).toEqual([...leading, rows, columns]);
          const [left, right] = [elements(a), elements(b)];
          const expected = Array.from({ length: sizeOf(output.shape) }, (_, flat) => {
            const [matrix, row, column] = [
              Math.floor(flat / rows / columns),
              Math.floor(flat / columns) % rows,
              flat % columns,
            ];
            return Array.from({ length: inner }, (_, k) => {
              const i = matrix * rows * inner + (transposeA ? k * rows + row : row * inner + k);
              const j = matrix * inner * columns + (transposeB ? column * inner + k : k * columns + column);
              return (left[i] ?? NaN) * (right[j] ?? NaN);
            }).reduce((x, y) => x + y, 0);
          });
          expectClose(elements(output), expected);
        }),
      ),
      { seed: 5, numRuns: 60 },
    );
  });

  it('has the gradient of finite differences whichever input is transposed or wanted', () => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        for (const leading of [[], [2], [2, 1]]) {
          scope(() => {
            const a = randomTensor([...leading, ...(transposeA ? [3, 2] : [2, 3])], { seed: 5 });
            const b = randomTensor([...leading, ...(transposeB ? [1, 3] : [3, 1])], { seed: 6 });
            const f = (x: Tensor = a, y: Tensor = b) => matmul(x, y, { transposeA, transposeB });
            for (const wanted of [[0], [1], [0, 1]]) {
              expect(gradientDeviation(f, [a, b], wanted)).toBeLessThan(1e-8);
            }
          });
        }
      }
    }
  });
});

/** The elements of each group that a reduction merges, in the order of its output, and that output's shape. */
function grouped(x: Tensor, { axes, keepAxes = false }: ReduceOptions) {
  const rank = x.shape.length;
  const list = axes === undefined ? x.shape.map((_, axis) => axis) : typeof axes === 'number' ? [axes] : axes;
  const reduced = new Set(list.map((axis) => (axis < 0 ? axis + rank : axis)));
  const groups = new Map<string, number[]>();
  for (const [flat, value] of elements(x).entries()) {
    const key = unravel(flat, x.shape)
      .filter((_, axis) => !reduced.has(axis))
      .join();
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  const shape = x.shape.flatMap((length, axis) => (reduced.has(axis) ? (keepAxes ? [1] : []) : [length]));
  return { shape, values: [...groups.values()] };
}
