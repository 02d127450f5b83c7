import type { DenseKernels, MatmulShape } from './dense.ts';
import type { Span, WasmHeap } from './heap.ts';

/** Odd sizes, a single row, a batch: small enough to take no time, crooked enough to show a wrong stride. */
const SIZES: readonly Pick<MatmulShape, 'batch' | 'm' | 'k' | 'n'>[] = [
  { batch: 1, m: 5, k: 7, n: 3 },
  { batch: 1, m: 1, k: 17, n: 33 },
  { batch: 3, m: 9, k: 5, n: 13 },
];
const FLAGS = [false, true] as const;
const TOLERANCE = 1e-4;

/**
 * Compares two ways to multiply, in all four transpose combinations.
 * Returns null when they agree, else one phrase that says where they do not.
 */
export function disagreement(heap: WasmHeap, candidate: DenseKernels, reference: DenseKernels): string | null {
  for (const size of SIZES) {
    for (const transposeA of FLAGS) {
      for (const transposeB of FLAGS) {
        const shape = { ...size, transposeA, transposeB };
        const difference = largestDifference(heap, candidate, reference, shape);
        // NaN must not pass
        if (!(difference <= TOLERANCE)) {
          const { batch, m, k, n } = shape;
          return `its product [${batch}, ${m}, ${k}] x [${batch}, ${k}, ${n}] (transposed: ${transposeA}, ${transposeB}) is off by ${difference}`;
        }
      }
    }
  }
  return null;
}

function largestDifference(
  heap: WasmHeap,
  candidate: DenseKernels,
  reference: DenseKernels,
  shape: MatmulShape,
): number {
  const { batch, m, k, n } = shape;
  const sizes = [batch * m * k, batch * k * n, batch * m * n, batch * m * n];
  const blocks = sizes.map((size) => heap.allocate(4 * size));
  try {
    const spans = blocks.map(({ offset }, index) => ({ offset, size: sizes[index] as number }));
    const [a, b, first, second] = spans as [Span, Span, Span, Span];
    fillWithWaves(heap.float32(a), 0.7);
    fillWithWaves(heap.float32(b), 1.3);
    heap.float32(first).fill(NaN);
    candidate.matmul(a, b, first, shape);
    reference.matmul(a, b, second, shape);
    const [x, y] = [heap.float32(first), heap.float32(second)];
    return x.reduce((largest, value, index) => Math.max(largest, Math.abs(value - (y[index] as number))), 0);
  } finally {
    for (const block of blocks) heap.release(block);
  }
}

function fillWithWaves(values: Float32Array, frequency: number): void {
  for (let i = 0; i < values.length; i++) values[i] = Math.sin(frequency * (i + 1));
}
