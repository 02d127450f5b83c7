import { sizeOf, type PrimitiveName } from '@umt/tensor';
import { DTYPE_CODES } from '../torch/native.ts';
import { given, type Kernel } from './kernel.ts';

/** Primitives that move elements. reshape, transpose, slice and broadcast are views: they share memory. */
export const layoutKernels = {
  reshape: (torch, [x], { shape }) => [torch.one('reshape', given(x), shape)],
  transpose: (torch, [x], { permutation }) => [torch.one('permute', given(x), permutation)],
  slice: (torch, [x], { start, size }) => {
    let view = torch.one('alias', given(x));
    for (const [axis, length] of size.entries()) {
      if (length === given(x).shape[axis]) continue;
      const from = start[axis] ?? 0;
      const narrower = torch.one('slice.Tensor', view, axis, from, from + length, 1);
      torch.free(view);
      view = narrower;
    }
    return [view];
  },
  pad: (torch, [x], { before, after, value }) => {
    // torch lists the last axis first
    const amounts = before.flatMap((count, axis) => [after[axis] ?? 0, count]).reverse();
    return [torch.one('constant_pad_nd', given(x), amounts, value)];
  },
  concat: (torch, inputs, { axis }) => [torch.one('cat', inputs, axis)],
  broadcast: (torch, [x], { shape }) => [torch.one('expand', given(x), shape)],
  gather: (torch, [x, indices]) => {
    const [rows, at] = [given(x), given(indices)];
    const picked = torch.one('index_select', rows, 0, torch.one('reshape', at, [-1]));
    return [torch.one('reshape', picked, [...at.shape, ...rows.shape.slice(1)])];
  },
  segmentSum: (torch, [x, segments], { count }) => {
    const [rows, at] = [given(x), given(segments)];
    const [length = 0, ...rest] = rows.shape;
    if (length === 0 || sizeOf(rest) === 0) return [torch.full([count, ...rest], 0, rows.code)];
    // the gradient of an embedding is this sum: parallel, in one order on every device, without atomics
    const flat = torch.one('reshape', rows, [length, sizeOf(rest)]);
    const sums = torch.one('embedding_dense_backward', flat, at, count, -1, false);
    return [torch.one('reshape', sums, [count, ...rest])];
  },
  topK: (torch, [x], { k }) => {
    // torch.topk leaves the order of equal elements open, a stable sort does not; both count NaN as the largest
    const [values, indices] = torch.all('sort.stable', given(x), true, -1, true);
    const first = (all: typeof values) => torch.one('slice.Tensor', given(all ?? undefined), -1, 0, k, 1);
    const [top, places] = [first(values), first(indices)];
    return [torch.one('clone', top, CONTIGUOUS), torch.one('to.dtype', places, DTYPE_CODES.int32)];
  },
  oneHot: (torch, [indices], { depth }) => {
    // torch.one_hot refuses an index out of range; nothing equals one
    const numbers = torch.one('arange', depth, DTYPE_CODES.int32, null, torch.deviceNumber);
    const isIndex = torch.one('eq.Tensor', torch.one('unsqueeze', given(indices), -1), numbers);
    return [torch.one('to.dtype', isIndex, DTYPE_CODES.float32)];
  },
} satisfies { readonly [P in PrimitiveName]?: Kernel<P> };

/** torch's number for row-major memory. */
export const CONTIGUOUS = 0;
