import type { Elements } from './permute.ts';

/** out [indices, width] = the rows of x [rows, width]. Throws when an index is out of range. */
export function gatherRows(x: Elements, indices: Int32Array, out: Elements, width: number): void {
  const rows = width === 0 ? 0 : x.length / width;
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i] as number;
    if (width > 0 && !(row >= 0 && row < rows)) {
      throw new Error(`gather: index ${row} at position ${i} is outside 0..${rows - 1}`);
    }
    out.set(x.subarray(row * width, (row + 1) * width), i * width);
  }
}

/** out [count, width] = sums of the rows of x [rows, width] by segment. Segments outside 0..count-1 are left out. */
export function segmentSum(x: Float32Array, segments: Int32Array, out: Float32Array, width: number): void {
  out.fill(0);
  const count = width === 0 ? 0 : out.length / width;
  for (let row = 0; row < segments.length; row++) {
    const segment = segments[row] as number;
    if (segment < 0 || segment >= count) continue;
    const [from, to] = [row * width, segment * width];
    for (let i = 0; i < width; i++) out[to + i] = (out[to + i] as number) + (x[from + i] as number);
  }
}

/** The k largest of each row, descending; equal values keep their order. NaN counts as the largest. */
export function topK(x: Float32Array, width: number, k: number, values: Float32Array, indices: Int32Array): void {
  const rows = width === 0 ? 0 : x.length / width;
  for (let row = 0; row < rows; row++) {
    const key = (index: number): number => {
      const value = x[row * width + index] as number;
      return Number.isNaN(value) ? Infinity : value;
    };
    const isNaNAt = (index: number): boolean => Number.isNaN(x[row * width + index]);
    const order = Uint32Array.from({ length: width }, (_, index) => index);
    order.sort((a, b) => {
      const [first, second] = [key(a), key(b)];
      if (first !== second) return first > second ? -1 : 1;
      return Number(isNaNAt(b)) - Number(isNaNAt(a)) || a - b;
    });
    for (let i = 0; i < k; i++) {
      const index = order[i] as number;
      indices[row * k + i] = index;
      values[row * k + i] = x[row * width + index] as number;
    }
  }
}

/** Running sums over the middle axis of [outer, length, inner]. */
export function cumulativeSum(
  x: Float32Array | Int32Array,
  out: Float32Array | Int32Array,
  [outer, length, inner]: readonly [number, number, number],
  isExclusive: boolean,
): void {
  for (let block = 0; block < outer; block++) {
    for (let i = 0; i < inner; i++) {
      let total = 0;
      for (let step = 0; step < length; step++) {
        const at = (block * length + step) * inner + i;
        if (isExclusive) out[at] = total;
        total += x[at] as number;
        if (!isExclusive) out[at] = total;
      }
    }
  }
}

/** out [indices, depth] = 1 at each index, else 0; an index outside gives zeros. */
export function oneHot(indices: Int32Array, out: Float32Array, depth: number): void {
  out.fill(0);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number;
    if (index >= 0 && index < depth) out[i * depth + index] = 1;
  }
}
