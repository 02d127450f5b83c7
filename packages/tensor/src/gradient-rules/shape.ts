import type { GradientRule } from '../dispatch.ts';
import { gather, pad, reshape, segmentSum, slice, sumToShape, transpose } from '../operations/shape.ts';
import type { PrimitiveName } from '../primitives.ts';

/** Gradient rules of the primitives that move elements. oneHot, topK and fill have none: they give constants. */
export const shapeRules: { readonly [P in PrimitiveName]?: GradientRule<P> } = {
  reshape: { backward: ({ gradient, shape }) => [reshape(gradient, shape(0))] },
  transpose: {
    backward: ({ gradient, attributes: { permutation } }) => {
      const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
      return [transpose(gradient, inverse)];
    },
  },
  slice: {
    backward: ({ gradient, attributes: { start, size }, shape }) => {
      const after = shape(0).map((length, axis) => length - (start[axis] ?? 0) - (size[axis] ?? 0));
      return [pad(gradient, start, after)];
    },
  },
  pad: { backward: ({ gradient, attributes: { before }, shape }) => [slice(gradient, before, shape(0))] },
  concat: {
    backward: ({ gradient, attributes: { axis }, shape, needs }) => {
      let offset = 0;
      return needs.map((isNeeded, index) => {
        const own = shape(index);
        const start = own.map((_, other) => (other === axis ? offset : 0));
        offset += own[axis] ?? 0;
        return isNeeded ? slice(gradient, start, own) : null;
      });
    },
  },
  broadcast: { backward: ({ gradient, shape }) => [sumToShape(gradient, shape(0))] },
  gather: {
    reads: [[1]],
    backward: ({ gradient, input, shape }) => {
      const indices = input(1);
      const [rows = 0, ...rest] = shape(0);
      return [segmentSum(reshape(gradient, [indices.size, ...rest]), reshape(indices, [indices.size]), rows), null];
    },
  },
  segmentSum: { reads: [[1]], backward: ({ gradient, input }) => [gather(gradient, input(1)), null] },
};
