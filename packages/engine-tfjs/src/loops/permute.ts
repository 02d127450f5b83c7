import type { Shape } from '@umt/tensor';

/** Any array of elements that loops may read and write. */
export type Elements = Float32Array | Int32Array | Uint8Array;

/** A permutation of axes and the shape it applies to. */
export interface Permutation {
  readonly shape: Shape;
  readonly permutation: readonly number[];
}

/** The same reordering with axes of length 1 dropped and axes that stay neighbours merged: lower ranks run faster. */
export function simplifyPermutation(shape: Shape, permutation: readonly number[]): Permutation {
  const order = permutation.filter((axis) => shape[axis] !== 1);
  const groups: number[][] = [];
  for (const axis of order) {
    const last = groups.at(-1);
    if (last && isNext(shape, last.at(-1) as number, axis)) last.push(axis);
    else groups.push([axis]);
  }
  const byInput = [...groups].sort((a, b) => (a[0] as number) - (b[0] as number));
  return {
    shape: byInput.map((group) => group.reduce((size, axis) => size * (shape[axis] as number), 1)),
    permutation: groups.map((group) => byInput.indexOf(group)),
  };
}

/** Whether `axis` follows `previous` with nothing but axes of length 1 between them. */
function isNext(shape: Shape, previous: number, axis: number): boolean {
  if (axis <= previous) return false;
  return shape.slice(previous + 1, axis).every((length) => length === 1);
}

/** out = x with its axes in the order of the permutation; any rank. */
export function permute(x: Elements, { shape, permutation }: Permutation, out: Elements): void {
  const inputStrides = stridesOf(shape);
  const lengths = permutation.map((axis) => shape[axis] as number);
  const strides = permutation.map((axis) => inputStrides[axis] as number);
  const innerLength = lengths.at(-1) ?? 1;
  const innerStride = strides.at(-1) ?? 1;
  const outer = lengths.slice(0, -1);
  forEachOffset(outer, [strides.slice(0, -1)], ([start], row) => {
    copyStrided(x, start as number, innerStride, out, row * innerLength, innerLength);
  });
}

function copyStrided(x: Elements, start: number, stride: number, out: Elements, at: number, length: number): void {
  for (let i = 0; i < length; i++) out[at + i] = x[start + i * stride] as number;
}

/** Distances between neighbours along each axis of a row-major array. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

/**
 * Visits every index of `lengths` in row-major order with the offsets it has in several arrays, given by their strides,
 * and its running number. The offsets array is reused between visits.
 */
export function forEachOffset(
  lengths: Shape,
  strides: readonly (readonly number[])[],
  visit: (offsets: readonly number[], index: number) => void,
): void {
  const total = lengths.reduce((size, length) => size * length, 1);
  const index = lengths.map(() => 0);
  const offsets = strides.map(() => 0);
  for (let count = 0; count < total; count++) {
    visit(offsets, count);
    for (let axis = lengths.length - 1; axis >= 0; axis--) {
      const wraps = (index[axis] as number) + 1 === lengths[axis];
      const steps = wraps ? -(index[axis] as number) : 1;
      index[axis] = (index[axis] as number) + steps;
      for (let array = 0; array < strides.length; array++) {
        offsets[array] = (offsets[array] as number) + steps * ((strides[array] as readonly number[])[axis] as number);
      }
      if (!wraps) break;
    }
  }
}
