import { sizeOf, type Shape } from '@umt/tensor';
import { broadcastInto, sameShape } from '../../loops/binary.ts';
import { copyBox } from '../../loops/layout.ts';
import { permute, simplifyPermutation } from '../../loops/permute.ts';
import { input, type PrimitiveKernels } from '../context.ts';
import { transposeSpan } from '../transpose.ts';

type Layout = 'reshape' | 'transpose' | 'slice' | 'pad' | 'concat' | 'broadcast' | 'cast' | 'fill';

/** Primitives that move elements. What changes nothing shares the memory of its input. */
export const layoutKernels: PrimitiveKernels<Layout> = {
  reshape: ({ store }, inputs, { shape }) => [store.share(input(inputs, 0), shape)],
  transpose: ({ store, c }, inputs, { permutation }) => {
    const x = input(inputs, 0);
    const shape = permutation.map((axis) => x.shape[axis] as number);
    const simple = simplifyPermutation(x.shape, permutation);
    if (simple.shape.length < 2) return [store.share(x, shape)];
    const out = store.make(shape, x.dtype);
    if (x.dtype === 'float32') transposeSpan(c, store.heap, x.span, x.shape, permutation, out.span);
    else permute(store.view(x), simple, store.view(out));
    return [out];
  },
  slice: ({ store }, inputs, { start, size }) => {
    const x = input(inputs, 0);
    if (sameShape(x.shape, size)) return [store.share(x)];
    const out = store.make(size, x.dtype);
    copyBox(store.view(x), x.shape, start, size, store.view(out), size, zerosLike(size));
    return [out];
  },
  pad: ({ store }, inputs, { before, after, value }) => {
    const x = input(inputs, 0);
    if ([...before, ...after].every((length) => length === 0)) return [store.share(x)];
    const shape = x.shape.map((length, axis) => length + (before[axis] as number) + (after[axis] as number));
    const out = store.make(shape, x.dtype);
    store.view(out).fill(value);
    copyBox(store.view(x), x.shape, zerosLike(shape), x.shape, store.view(out), shape, before);
    return [out];
  },
  concat: ({ store }, inputs, { axis }) => {
    const [first] = inputs;
    if (!first) throw new Error('wasm: concat of nothing');
    if (inputs.length === 1) return [store.share(first)];
    const length = inputs.reduce((total, { shape }) => total + (shape[axis] as number), 0);
    const shape = first.shape.map((own, index) => (index === axis ? length : own));
    const out = store.make(shape, first.dtype);
    const at = zerosLike(shape);
    for (const x of inputs) {
      copyBox(store.view(x), x.shape, zerosLike(shape), x.shape, store.view(out), shape, at);
      at[axis] = (at[axis] as number) + (x.shape[axis] as number);
    }
    return [out];
  },
  broadcast: ({ store }, inputs, { shape }) => {
    const x = input(inputs, 0);
    if (sizeOf(shape) === x.size) return [store.share(x, shape)];
    const out = store.make(shape, x.dtype);
    broadcastInto(store.view(x), x.shape, store.view(out), shape);
    return [out];
  },
  cast: ({ store }, inputs, { dtype }) => {
    const x = input(inputs, 0);
    const target = store.dtype(dtype);
    if (target === x.dtype) return [store.share(x)];
    const out = store.make(x.shape, target);
    const [from, to] = [store.view(x), store.view(out)];
    if (target === 'bool') for (let i = 0; i < to.length; i++) to[i] = from[i] === 0 ? 0 : 1;
    else to.set(from);
    return [out];
  },
  fill: ({ store }, _inputs, { shape, value, dtype }) => {
    const out = store.make(shape, store.dtype(dtype));
    store.view(out).fill(out.dtype === 'bool' ? Number(value !== 0) : value);
    return [out];
  },
};

function zerosLike(shape: Shape): number[] {
  return shape.map(() => 0);
}
