import type { Shape } from '@umt/tensor';
import { forEachOffset, stridesOf, type Elements } from './permute.ts';

/** out = f(a, b) for shapes that broadcast to `shape`. */
export type Zip = (a: Elements, aShape: Shape, b: Elements, bShape: Shape, out: Elements, shape: Shape) => void;

/**
 * A broadcasting loop for one function of two numbers. Each call makes a loop of its own, so that the compiler can put
 * the function inside it.
 */
export function zipper(f: (a: number, b: number) => number): Zip {
  const zipRow = (
    a: Elements,
    atA: number,
    stepA: number,
    b: Elements,
    atB: number,
    stepB: number,
    out: Elements,
    at: number,
    length: number,
  ): void => {
    for (let i = 0; i < length; i++) out[at + i] = f(a[atA + i * stepA] as number, b[atB + i * stepB] as number);
  };
  return (a, aShape, b, bShape, out, shape) => {
    if (sameShape(aShape, bShape)) return zipRow(a, 0, 1, b, 0, 1, out, 0, out.length);
    const strides = [broadcastStrides(aShape, shape), broadcastStrides(bShape, shape)] as const;
    const inner = shape.at(-1) ?? 1;
    const [stepA, stepB] = strides.map((list) => list.at(-1) ?? 0) as [number, number];
    const outer = strides.map((list) => list.slice(0, -1));
    forEachOffset(shape.slice(0, -1), outer, ([atA, atB], row) => {
      zipRow(a, atA as number, stepA, b, atB as number, stepB, out, row * inner, inner);
    });
  };
}

/** out = condition ? a : b, broadcast to `shape`. */
export function selectInto(
  [condition, a, b]: readonly [Elements, Elements, Elements],
  shapes: readonly Shape[],
  out: Elements,
  shape: Shape,
): void {
  const strides = shapes.map((one) => broadcastStrides(one, shape));
  const [stepC = 0, stepA = 0, stepB = 0] = strides.map((list) => list.at(-1) ?? 0);
  const inner = shape.at(-1) ?? 1;
  const outer = strides.map((list) => list.slice(0, -1));
  forEachOffset(shape.slice(0, -1), outer, (offsets, row) => {
    const [atC, atA, atB] = offsets as [number, number, number];
    for (let i = 0; i < inner; i++) {
      const isTrue = condition[atC + i * stepC] !== 0;
      out[row * inner + i] = (isTrue ? a[atA + i * stepA] : b[atB + i * stepB]) as number;
    }
  });
}

/** out = x repeated to `shape`. */
export function broadcastInto(x: Elements, xShape: Shape, out: Elements, shape: Shape): void {
  const strides = broadcastStrides(xShape, shape);
  const inner = shape.at(-1) ?? 1;
  const step = strides.at(-1) ?? 0;
  forEachOffset(shape.slice(0, -1), [strides.slice(0, -1)], ([at], row) => {
    if (step === 0) out.fill(x[at as number] as number, row * inner, (row + 1) * inner);
    else out.set(x.subarray(at as number, (at as number) + inner), row * inner);
  });
}

/** NumPy's rule: the shape two shapes broadcast to. */
export function broadcastShape(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [lengthA, lengthB] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    return lengthA === 1 ? lengthB : lengthA;
  });
}

/** Strides of x over `shape`: 0 along the axes it is repeated. */
function broadcastStrides(xShape: Shape, shape: Shape): number[] {
  const strides = stridesOf(xShape);
  const missing = shape.length - xShape.length;
  return shape.map((_, axis) => {
    const own = axis - missing;
    return own < 0 || xShape[own] === 1 ? 0 : (strides[own] as number);
  });
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}
