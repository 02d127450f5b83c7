import { createReferenceEngine, fromFloat64, randomNumbers, readFloat64, type ReferenceEngine } from '@umt/conformance';
import { getEngine, setEngine, sizeOf, type Shape, type Tensor } from '@umt/tensor';
import { afterEach, beforeEach, expect } from 'vitest';

/**
 * A fresh reference engine for every test of the file. A test that leaves a tensor alive fails: this is where leaks show.
 */
export function useReferenceEngine(create: () => ReferenceEngine = createReferenceEngine): () => ReferenceEngine {
  let engine = create();
  beforeEach(() => {
    engine = create();
    setEngine(engine);
  });
  afterEach(() => {
    setEngine(undefined);
    expect(engine.memory().tensors, 'tensors left alive by the test').toBe(0);
  });
  return () => engine;
}

/** A float32 tensor of random float64 elements, the same for a shape and seed. */
export function randomTensor(
  shape: Shape,
  options: { readonly seed?: number; readonly low?: number; readonly high?: number } = {},
): Tensor {
  return fromFloat64(getEngine(), randomNumbers(shape, { seed: 1, ...options }), shape);
}

/** A float32 tensor with every digit of its elements kept. */
export function exact(data: readonly number[], shape: Shape = [data.length]): Tensor {
  return fromFloat64(getEngine(), Float64Array.from(data), shape);
}

/** The elements of a tensor as a plain array. */
export function elements(tensor: Tensor): readonly number[] {
  return [...readFloat64(tensor)];
}

/** The position on each axis of the element at a flat position. */
export function unravel(position: number, shape: Shape): readonly number[] {
  return shape.map((length, axis) => Math.floor(position / sizeOf(shape.slice(axis + 1))) % length);
}

/** The element of row-major `data` at a position per axis, counted from the last axis; axes of length 1 repeat. */
export function broadcastElement(data: readonly number[], shape: Shape, position: readonly number[]): number {
  const own = position.slice(position.length - shape.length);
  const flat = shape.reduce((index, length, axis) => index * length + (length === 1 ? 0 : (own[axis] ?? NaN)), 0);
  return data[flat] ?? NaN;
}

/** Compares element by element: absolute below 1, relative above. */
export function expectClose(found: readonly number[], expected: readonly number[], tolerance = 1e-12): void {
  expect(found.length).toBe(expected.length);
  const deviations = expected.map((value, index) => {
    const other = found[index] ?? NaN;
    if (Object.is(value, other) || value === other) return 0;
    return Math.abs(value - other) / Math.max(1, Math.abs(value));
  });
  const worst = deviations.findIndex((deviation) => !(deviation <= tolerance));
  if (worst >= 0) expect.fail(`element ${worst}: ${found[worst]} is not ${expected[worst]} (tolerance ${tolerance})`);
}
