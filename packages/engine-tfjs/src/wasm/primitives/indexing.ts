import { sizeOf } from '@umt/tensor';
import { cumulativeSum, gatherRows, oneHot, segmentSum, topK } from '../../loops/indexing.ts';
import { input, type PrimitiveKernels } from '../context.ts';

type Indexing = 'gather' | 'segmentSum' | 'topK' | 'cumulativeSum' | 'oneHot';

/** Primitives that look elements up. In topK a NaN counts as the largest. */
export const indexingKernels: PrimitiveKernels<Indexing> = {
  gather: ({ store }, inputs) => {
    const [x, indices] = [input(inputs, 0), input(inputs, 1)];
    const row = x.shape.slice(1);
    const out = store.make([...indices.shape, ...row], x.dtype);
    gatherRows(store.view(x), store.integers(indices), store.view(out), sizeOf(row));
    return [out];
  },
  segmentSum: ({ store }, inputs, { count }) => {
    const [x, segments] = [input(inputs, 0), input(inputs, 1)];
    const row = x.shape.slice(1);
    const out = store.make([count, ...row], 'float32');
    segmentSum(store.floats(x), store.integers(segments), store.floats(out), sizeOf(row));
    return [out];
  },
  topK: ({ store }, inputs, { k }) => {
    const x = input(inputs, 0);
    const shape = [...x.shape.slice(0, -1), k];
    const [values, indices] = [store.make(shape, 'float32'), store.make(shape, 'int32')];
    topK(store.floats(x), x.shape.at(-1) ?? 1, k, store.floats(values), store.integers(indices));
    return [values, indices];
  },
  cumulativeSum: ({ store }, inputs, { axis, exclusive }) => {
    const x = input(inputs, 0);
    const out = store.make(x.shape, x.dtype);
    const size = (from: number, to: number) => sizeOf(x.shape.slice(from, to));
    const lengths = [size(0, axis), size(axis, axis + 1), size(axis + 1, x.shape.length)] as const;
    if (x.dtype === 'float32') cumulativeSum(store.floats(x), store.floats(out), lengths, exclusive);
    else cumulativeSum(store.integers(x), store.integers(out), lengths, exclusive);
    return [out];
  },
  oneHot: ({ store }, inputs, { depth }) => {
    const indices = input(inputs, 0);
    const out = store.make([...indices.shape, depth], 'float32');
    oneHot(store.integers(indices), store.floats(out), depth);
    return [out];
  },
};
