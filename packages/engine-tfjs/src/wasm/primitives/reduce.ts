import { maxOver, sumOver } from '../../loops/reduce.ts';
import { input, type PrimitiveKernels, type WasmContext } from '../context.ts';
import type { WasmHandle } from '../store.ts';
import type { ReductionAttributes } from '@umt/tensor';

/**
 * Reductions (accumulated in float64; a NaN anywhere gives NaN), softmax (a row with a NaN or an infinity is NaN
 * throughout) and matrix products.
 */
export const reduceKernels: PrimitiveKernels<'sum' | 'max' | 'softmax' | 'matmul'> = {
  sum: (context, inputs, attributes) => [reduced(context, input(inputs, 0), attributes, sumOver)],
  max: (context, inputs, attributes) => [reduced(context, input(inputs, 0), attributes, maxOver)],
  softmax: ({ store, dense }, inputs) => {
    const x = input(inputs, 0);
    const out = store.make(x.shape, 'float32');
    const columns = x.shape.at(-1) ?? 1;
    if (x.size > 0) dense.softmax(x.span, out.span, x.size / columns, columns);
    return [out];
  },
  matmul: ({ store, dense }, inputs, { transposeA, transposeB }) => {
    const [a, b] = [input(inputs, 0), input(inputs, 1)];
    const leading = a.shape.slice(0, -2);
    const [m = 0, k = 0] = transposeA ? a.shape.slice(-2).reverse() : a.shape.slice(-2);
    const n = b.shape.at(transposeB ? -2 : -1) ?? 0;
    const out = store.make([...leading, m, n], 'float32');
    const batch = leading.reduce((size, length) => size * length, 1);
    dense.matmul(a.span, b.span, out.span, { batch, m, k, n, transposeA, transposeB });
    return [out];
  },
};

function reduced(
  { store }: WasmContext,
  x: WasmHandle,
  { axes, keepAxes }: ReductionAttributes,
  reduce: typeof sumOver,
): WasmHandle {
  const kept = x.shape.flatMap((length, axis) => (axes.includes(axis) ? (keepAxes ? [1] : []) : [length]));
  const out = store.make(kept, x.dtype);
  reduce(store.view(x), x.shape, axes, store.view(out));
  return out;
}
