import { sizeOf } from '@umt/tensor';
import type { KernelPrimitives } from '../../kernels/engine.ts';
import { filled } from './layout.ts';
import { given } from './program.ts';

/** tfjs's kinds of matrix product; see its BatchMatMul_impl. */
const SMALL_OUTPUT_PROGRAM = 2;
/** Inner lengths from which tfjs adds parts with atomics. */
const SPLIT_FROM = 2000;

/** tfjs's global flags. */
interface Flags {
  set(name: string, value: number): void;
}

/** Matrix products through tfjs's kernel, the one part of it that is tuned. */
export function matmulShader(flags: Flags) {
  return {
    matmul: (engine, [a, b], { transposeA, transposeB }) => {
      const [left, right] = [given(a), given(b)];
      const rows = left.shape.at(transposeA ? -1 : -2) ?? 1;
      const inner = left.shape.at(transposeA ? -2 : -1) ?? 1;
      const columns = right.shape.at(transposeB ? -2 : -1) ?? 1;
      const leading = left.shape.slice(0, -2);
      const shape = [...leading, rows, columns];
      if (sizeOf(shape) === 0 || inner === 0) return [filled(engine, shape, 0, 'float32')];
      const batch = sizeOf(leading);
      const operands = {
        a: engine.share(left, [batch, ...left.shape.slice(-2)]),
        b: engine.share(right, [batch, ...right.shape.slice(-2)]),
      };
      // its way with a long inner axis adds in any order: not the same bits twice
      const isSplit = batch === 1 && inner >= SPLIT_FROM;
      if (isSplit) flags.set('WEBGPU_MATMUL_PROGRAM_TYPE', SMALL_OUTPUT_PROGRAM);
      try {
        const [product] = engine.kernel('BatchMatMul', operands, { transposeA, transposeB });
        return [engine.share(given(product), shape)];
      } finally {
        if (isSplit) flags.set('WEBGPU_MATMUL_PROGRAM_TYPE', -1);
      }
    },
  } satisfies Partial<KernelPrimitives>;
}
