import { add, dispose, erf, matmul, scope, setEngine, sum, tensor, topK } from '@umt/tensor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReferenceEngine, fromFloat64, readFloat64, type ReferenceEngine } from '../src/index.ts';

describe('reference engine', () => {
  let engine: ReferenceEngine;
  beforeEach(() => {
    engine = createReferenceEngine();
    setEngine(engine);
  });
  afterEach(() => setEngine(undefined));

  it('keeps float64 inside', () => {
    const third = fromFloat64(engine, Float64Array.of(1 / 3), [1]);
    expect(readFloat64(add(third, 1))).toEqual(Float64Array.of(1 / 3 + 1));
  });

  it('computes the error function to double precision', () => {
    // Abramowitz and Stegun, table 7.1, and mpmath
    const points = [0, 0.5, 1, 2, 3.5, -1, 5.9, 7];
    const expected = [
      0, 0.520499877813046537683, 0.842700792949714869341, 0.995322265018952734162, 0.999999256901627658587,
      -0.842700792949714869341, 1, 1,
    ];
    const found = readFloat64(erf(fromFloat64(engine, Float64Array.from(points), [8])));
    for (const [index, value] of expected.entries()) expect(found[index]).toBeCloseTo(value, 14);
  });

  it('multiplies matrices, read transposed or not', () => {
    const a = tensor([1, 2, 3, 4, 5, 6], [2, 3]);
    expect([...readFloat64(matmul(a, a, { transposeB: true }))]).toEqual([14, 32, 32, 77]);
    expect([...readFloat64(matmul(a, a, { transposeA: true }))]).toEqual([17, 22, 27, 22, 29, 36, 27, 36, 45]);
  });

  it('reduces middle axes and finds the largest, lower index first', () => {
    const x = tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [2, 3, 2]);
    expect([...readFloat64(sum(x, { axes: 1 }))]).toEqual([6, 9, 24, 27]);
    const { values, indices } = topK(tensor([3, 5, 5, 1], [4]), 3);
    expect([...readFloat64(values)]).toEqual([5, 5, 3]);
    expect([...readFloat64(indices)]).toEqual([1, 2, 0]);
  });

  it('counts live handles and their storage exactly', () => {
    scope(() => {
      const x = tensor([1, 2], [2]);
      add(x, x);
      expect(engine.memory()).toEqual({ tensors: 2, bytes: 32, reservedBytes: 32 });
    });
    expect(engine.memory().tensors).toBe(0);
    expect(engine.peakTensors).toBe(2);
  });

  it('refuses freed and foreign handles', () => {
    const x = tensor([1], [1]);
    const { handle } = x;
    dispose(x);
    expect(() => engine.free(handle)).toThrow('was freed or is not its own');
    expect(() => createReferenceEngine().run('negative', [handle], {})).toThrow('was freed or is not its own');
  });
});
