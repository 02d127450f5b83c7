import {
  add,
  broadcastTo,
  concat,
  cumulativeSum,
  gather,
  greater,
  matmul,
  max,
  mean,
  multiply,
  pad,
  select,
  slice,
  softmax,
  split,
  stack,
  subtract,
  sum,
  transpose,
  type Shape,
  type Tensor,
} from '@umt/tensor';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { EngineUnderTest } from '../describe-engine.ts';
import { expectReference } from '../evaluate.ts';
import { booleans, floats, integers, type HostTensor } from '../host-tensor.ts';

const length = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(1, 2, 8, 16, 17));
const shapeOf = (minLength: number, maxLength = 5) => fc.array(length, { minLength, maxLength });
const seeds = fc.nat(10_000);

/** Inputs, and what to do with them. */
interface Sample {
  readonly inputs: readonly HostTensor[];
  readonly run: (...inputs: readonly Tensor[]) => readonly Tensor[];
}

const axesOf = (shape: Shape) => fc.uniqueArray(fc.nat(shape.length - 1), { minLength: 1, maxLength: shape.length });

/** A shape with some axes of length 1 and some leading ones dropped. */
const narrowed = (shape: Shape) =>
  fc
    .tuple(fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), fc.nat(shape.length))
    .map(([ones, dropped]): Shape => shape.map((full, axis) => (ones[axis] ? 1 : full)).slice(dropped));

/** Two shapes that broadcast together. */
const broadcastable = shapeOf(1).chain((shape) => fc.tuple(narrowed(shape), narrowed(shape)));

const samples: Readonly<Record<string, fc.Arbitrary<Sample>>> = {
  'arithmetic, comparison and selection of two that broadcast': fc
    .tuple(broadcastable, seeds)
    .map(([[left, right], seed]) => ({
      inputs: [floats(left, { seed }), floats(right, { seed: seed + 1 }), booleans(left, { seed })],
      run: (a, b, condition) =>
        a && b && condition ? [add(a, b), subtract(b, a), multiply(a, b), greater(a, b), select(condition, a, b)] : [],
    })),
  'sum, mean and max over any axes': fc
    .tuple(shapeOf(1), fc.boolean(), seeds)
    .chain(([shape, keepAxes, seed]) =>
      fc.tuple(fc.constant(shape), axesOf(shape), fc.constant(keepAxes), fc.constant(seed)),
    )
    .map(([shape, axes, keepAxes, seed]) => ({
      inputs: [floats(shape, { seed })],
      run: (x) => (x ? [sum, mean, max].map((reduce) => reduce(x, { axes, keepAxes })) : []),
    })),
  'softmax and running sums': fc.tuple(shapeOf(1), fc.nat(4), seeds).map(([shape, axis, seed]) => ({
    inputs: [floats(shape, { seed })],
    run: (x) => (x ? [softmax(x), cumulativeSum(x, axis % shape.length)] : []),
  })),
  'products of matrices': fc
    .tuple(shapeOf(0, 3), fc.tuple(fc.nat(40), fc.nat(40), fc.nat(40)), fc.boolean(), fc.boolean(), seeds)
    .map(([leading, [rows, inner, columns], transposeA, transposeB, seed]) => ({
      inputs: [
        floats([...leading.slice(0, 2), ...(transposeA ? [inner, rows] : [rows, inner])], { seed }),
        floats([...leading.slice(0, 2), ...(transposeB ? [columns, inner] : [inner, columns])], { seed: seed + 1 }),
      ],
      run: (a, b) => (a && b ? [matmul(a, b, { transposeA, transposeB })] : []),
    })),
  'transposition, in every dtype': shapeOf(1)
    .chain((shape) =>
      fc.tuple(
        fc.constantFrom(floats, integers, booleans),
        fc.constant(shape),
        fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
        seeds,
      ),
    )
    .map(([draw, shape, permutation, seed]) => ({
      inputs: [draw(shape, { seed })],
      run: (x) => (x ? [transpose(x, permutation)] : []),
    })),
  'boxes taken out and put back': shapeOf(1)
    .chain((shape) =>
      fc.tuple(fc.constant(shape), fc.tuple(...shape.map((full) => fc.tuple(fc.nat(full), fc.nat(full)))), seeds),
    )
    .map(([shape, ends, seed]) => {
      const start = ends.map(([a, b]) => Math.min(a, b));
      const size = ends.map(([a, b]) => Math.abs(a - b));
      const after = shape.map((full, axis) => full - (start[axis] ?? 0) - (size[axis] ?? 0));
      return {
        inputs: [floats(shape, { seed })],
        run: (x) => {
          if (!x) return [];
          const box = slice(x, start, size);
          return [box, pad(box, start, after, 3)];
        },
      };
    }),
  'pieces joined and cut': fc
    .tuple(shapeOf(1), fc.nat(4), fc.array(fc.nat(6), { minLength: 2, maxLength: 6 }), seeds)
    .map(([shape, position, lengths, seed]) => {
      const axis = position % shape.length;
      return {
        inputs: lengths.map((own, index) =>
          floats(
            shape.map((full, other) => (other === axis ? own : full)),
            { seed: seed + index },
          ),
        ),
        run: (...parts) => {
          const joined = concat(parts, axis);
          return [joined, ...split(joined, lengths, axis)];
        },
      };
    }),
  'stacking and broadcasting': fc.tuple(broadcastable, seeds).map(([[left, right], seed]) => ({
    inputs: [floats(left, { seed }), floats(left, { seed: seed + 1 }), floats(right, { seed: seed + 2 })],
    run: (a, b, c) => (a && b && c ? [stack([a, b], -1), broadcastTo(a, add(a, c).shape)] : []),
  })),
  'rows picked': fc.tuple(shapeOf(1, 4), shapeOf(0, 3), seeds).map(([shape, picked, seed]) => ({
    inputs: [floats(shape, { seed }), integers(picked, { seed, high: shape[0] ?? 1 })],
    run: (x, indices) => (x && indices ? [gather(x, indices)] : []),
  })),
};

/** Shapes nobody thought of: random ones, the same at every run, against the float64 reference. */
export function describeRandomShapes({ engine, tolerance }: EngineUnderTest): void {
  describe('random shapes', () => {
    for (const [name, sample] of Object.entries(samples)) {
      it(name, async () => {
        const holds = fc.asyncProperty(sample, ({ inputs, run }) =>
          expectReference(engine, inputs, (tensors) => run(...tensors), tolerance),
        );
        await fc.assert(holds, { seed: 20260, numRuns: 40 });
      });
    }
  });
}
