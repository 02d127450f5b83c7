import { createReferenceEngine, fromFloat64, readFloat64 } from '@umt/conformance';
import { random } from '@umt/random';
import { setEngine, tensor, valueAndGrad, type Engine } from '@umt/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import { alignmentLoss, type AlignmentLossKind } from '../src/index.ts';

let engine: Engine;
beforeEach(() => setEngine((engine = createReferenceEngine())));

const SHAPE = [2, 2, 3, 4];
const numbers = (seed: number, std = 1) =>
  Float64Array.from(random({ seed, stream: 'test' }).fillNormal(new Float32Array(48), 0, std));
/** 12 unit vectors of length 4. */
const unitVectors = (seed: number) => {
  const values = numbers(seed);
  const norms = Array.from({ length: 12 }, (_, row) => Math.hypot(...values.subarray(row * 4, row * 4 + 4)));
  return values.map((value, index) => value / (norms[index >> 2] ?? 1));
};
const lossOf = (student: Float64Array, teacher: Float64Array, kind: AlignmentLossKind) =>
  readFloat64(alignmentLoss(fromFloat64(engine, student, SHAPE), fromFloat64(engine, teacher, SHAPE), kind))[0] ?? NaN;

describe('the alignment loss', () => {
  it('l2 is the squared distance of unit vectors, averaged over tokens', () => {
    const [student, teacher] = [unitVectors(1), unitVectors(2)];
    const squared = student.reduce((total, value, index) => total + (value - (teacher[index] ?? NaN)) ** 2, 0);
    expect(lossOf(student, teacher, 'l2')).toBeCloseTo(squared / 12, 12);
    expect(lossOf(student, student, 'l2')).toBeCloseTo(0, 12);
    expect(
      lossOf(
        student,
        student.map((value) => -value),
        'l2',
      ),
    ).toBeCloseTo(4, 12);
  });

  it('mse is l2 divided by the channels for unit vectors', () => {
    const [student, teacher] = [unitVectors(3), unitVectors(4)];
    expect(lossOf(student, teacher, 'mse')).toBeCloseTo(lossOf(student, teacher, 'l2') / 4, 12);
  });

  it('smooth_l1 is quadratic within a distance of 1 and linear beyond', () => {
    const zeros = new Float64Array(48);
    for (const [distance, expected] of [
      [0.5, 0.125],
      [1, 0.5],
      [-3, 2.5],
    ] as const) {
      expect(
        lossOf(
          zeros,
          zeros.map(() => distance),
          'smooth_l1',
        ),
      ).toBeCloseTo(expected, 12);
    }
  });

  it.each<AlignmentLossKind>(['l2', 'mse', 'smooth_l1'])(
    '%s has the gradient of its formula at the student, none at the teacher',
    (kind) => {
      const [s, z] = [numbers(5, 2), numbers(6, 2)];
      const [student, teacher] = [fromFloat64(engine, s, SHAPE), fromFloat64(engine, z, SHAPE)];
      const { gradients } = valueAndGrad(() => alignmentLoss(student, teacher, kind), [student, teacher]);
      const [atStudent, atTeacher] = gradients.map(readFloat64);
      const formula = (index: number) => {
        const difference = (s[index] ?? NaN) - (z[index] ?? NaN);
        if (kind === 'l2') return (-2 * (z[index] ?? NaN)) / 12;
        return kind === 'mse' ? (2 * difference) / 48 : Math.max(-1, Math.min(1, difference)) / 48;
      };
      for (const [index, value] of (atStudent ?? []).entries()) expect(value).toBeCloseTo(formula(index), 12);
      expect(atTeacher).toEqual(new Float64Array(48));
    },
  );

  it('says what it was given when it cannot compare', () => {
    const [a, b] = [tensor(new Float32Array(48), SHAPE), tensor(new Float32Array(24), [1, 2, 3, 4])];
    expect(() => alignmentLoss(a, b, 'l2')).toThrow(
      /student \[2, 2, 3, 4\] and teacher \[1, 2, 3, 4\] must have one shape/,
    );
    expect(() => alignmentLoss(a, a, 'l3' as AlignmentLossKind)).toThrow(/'l3' is none of l2, mse, smooth_l1/);
  });
});
