import type { Shape } from '@umt/tensor';
import { forEachOffset, stridesOf, type Elements } from './permute.ts';

/** Copies the box [start, start + size) of x to the place `at` in out; both arrays row-major. */
export function copyBox(
  x: Elements,
  xShape: Shape,
  start: readonly number[],
  size: Shape,
  out: Elements,
  outShape: Shape,
  at: readonly number[],
): void {
  if (size.length === 0) {
    out[0] = x[0] as number;
    return;
  }
  // trailing axes that are whole on both sides are one run
  let axis = size.length - 1;
  while (axis > 0 && size[axis] === xShape[axis] && size[axis] === outShape[axis]) axis--;
  const run = size.slice(axis).reduce((product, length) => product * length, 1);
  const strides = [stridesOf(xShape), stridesOf(outShape)] as const;
  const [fromX, toOut] = [dot(start, strides[0]), dot(at, strides[1])];
  const outer = strides.map((list) => list.slice(0, axis));
  forEachOffset(size.slice(0, axis), outer, (offsets) => {
    const from = fromX + (offsets[0] as number);
    out.set(x.subarray(from, from + run), toOut + (offsets[1] as number));
  });
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((total, value, index) => total + value * (b[index] as number), 0);
}
