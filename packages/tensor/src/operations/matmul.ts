import { runOne } from '../dispatch.ts';
import { expectDType, FLOATS, show } from '../shapes.ts';
import type { Tensor } from '../tensor.ts';

/** Which inputs are read transposed in their last two axes. */
export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * Matrix product over the last two axes: [.., M, K] x [.., K, N] -> [.., M, N].
 * Both tensors have the same rank and equal leading axes; nothing broadcasts.
 */
export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: MatmulOptions = {}): Tensor {
  expectDType('matmul', a, ...FLOATS);
  expectDType('matmul', b, a.dtype);
  const rank = a.shape.length;
  const leadingFits =
    rank >= 2 && b.shape.length === rank && a.shape.slice(0, -2).every((length, axis) => length === b.shape[axis]);
  const innerA = a.shape[rank - (transposeA ? 2 : 1)];
  const innerB = b.shape[rank - (transposeB ? 1 : 2)];
  if (!leadingFits || innerA !== innerB) {
    const flag = (transposed: boolean) => (transposed ? ' transposed' : '');
    throw new Error(`matmul: ${show(a.shape)}${flag(transposeA)} and ${show(b.shape)}${flag(transposeB)} do not fit`);
  }
  return runOne('matmul', [a, b], { transposeA, transposeB });
}
