import type { Shape } from '@umt/tensor';
import { permute, simplifyPermutation } from '../loops/permute.ts';
import type { CKernels } from './c-kernels.ts';
import type { Span, WasmHeap } from './heap.ts';

/** Highest rank at which the C kernel is the faster one. */
const C_RANK = 4;

/** out = x (float32) with its axes permuted; any rank. */
export function transposeSpan(
  c: CKernels,
  heap: WasmHeap,
  x: Span,
  shape: Shape,
  permutation: readonly number[],
  out: Span,
): void {
  const simple = simplifyPermutation(shape, permutation);
  const rank = simple.shape.length;
  if (rank < 2) heap.float32(out).set(heap.float32(x));
  else if (rank <= C_RANK) c.transpose(x, simple.shape, simple.permutation, out, 'float32');
  else permute(heap.float32(x), simple, heap.float32(out));
}
