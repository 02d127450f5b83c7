import { run, runOne } from '../dispatch.ts';
import { sizeOf, type Shape } from '../dtype.ts';
import { scope } from '../scope.ts';
import { isDifferentiable, observersOf, withoutGradients, type Recording } from '../tape.ts';
import {
  broadcastShapes,
  checkShape,
  expectDType,
  FLOATS,
  normalizeAxis,
  resolveReshape,
  sameShape,
  show,
} from '../shapes.ts';
import type { Tensor } from '../tensor.ts';
import { fullLike } from './create.ts';

/** The same elements in another shape; one length may be -1. Shares memory. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return runOne('reshape', [x], { shape: resolveReshape(x.shape, shape) });
}

/** Reorders axes: output axis i is input axis permutation[i]. Without a permutation the last two axes swap. */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  const rank = x.shape.length;
  const order = permutation ?? swapLastTwo(x.shape);
  const valid =
    order.length === rank &&
    new Set(order).size === rank &&
    order.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < rank);
  if (!valid)
    throw new Error(`transpose: [${order.join(', ')}] is not a permutation of the ${rank} axes of ${show(x.shape)}`);
  return runOne('transpose', [x], { permutation: [...order] });
}

/** The box that starts at `start` and has `size` elements per axis; a size of -1 reaches to the end. */
export function slice(x: Tensor, start: readonly number[], size: Shape): Tensor {
  const resolved = x.shape.map((length, axis) => (size[axis] === -1 ? length - (start[axis] ?? 0) : (size[axis] ?? 0)));
  const inside = x.shape.every((length, axis) => {
    const from = start[axis] ?? -1;
    const count = resolved[axis] ?? -1;
    return Number.isInteger(from) && Number.isInteger(count) && from >= 0 && count >= 0 && from + count <= length;
  });
  if (!inside || start.length !== x.shape.length || size.length !== x.shape.length) {
    throw new Error(`slice: start ${show(start)} and size ${show(size)} do not lie inside ${show(x.shape)}`);
  }
  return runOne('slice', [x], { start: [...start], size: resolved });
}

/** Cuts `x` along `axis` into `parts` equal pieces, or into pieces of the given lengths. */
export function split(x: Tensor, parts: number | readonly number[], axis = -1): readonly Tensor[] {
  const along = normalizeAxis('split', axis, x.shape.length);
  const length = x.shape[along] ?? 0;
  const lengths = typeof parts === 'number' ? Array.from({ length: parts }, () => length / parts) : parts;
  if (
    lengths.some((part) => !Number.isInteger(part) || part < 0) ||
    lengths.reduce((total, part) => total + part, 0) !== length
  ) {
    throw new Error(`split: axis ${axis} of ${show(x.shape)} cannot be cut into ${JSON.stringify(parts)}`);
  }
  let offset = 0;
  const pieces = withoutGradients(() =>
    lengths.map((part) => {
      const start = x.shape.map((_, index) => (index === along ? offset : 0));
      offset += part;
      return slice(
        x,
        start,
        x.shape.map((full, index) => (index === along ? part : full)),
      );
    }),
  );
  if (isDifferentiable(x)) recordSplit(x, pieces, along);
  return pieces;
}

/** One gradient for all pieces, joined: padding each to the whole and adding them would pass over memory five times as often. */
function recordSplit(x: Tensor, pieces: readonly Tensor[], axis: number): void {
  const shapes = pieces.map((piece) => piece.shape);
  const recording: Recording = {
    inputs: [x],
    outputs: pieces,
    saved: () => [],
    backward: (_, gradients) => {
      const like = gradients.find((gradient) => gradient !== null);
      if (!like) return [];
      return [
        concat(
          shapes.map((shape, index) => gradients[index] ?? fullLike(like, 0, shape)),
          axis,
        ),
      ];
    },
  };
  for (const observer of observersOf([x])) observer.record(recording);
}

/** Adds `before[i]` and `after[i]` elements of `value` around axis i. Floating types or int32. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[], value = 0): Tensor {
  expectDType('pad', x, ...FLOATS, 'int32');
  if (
    before.length !== x.shape.length ||
    after.length !== x.shape.length ||
    ![...before, ...after].every((count) => Number.isInteger(count) && count >= 0)
  ) {
    throw new Error(`pad: before ${show(before)} and after ${show(after)} do not fit ${show(x.shape)}`);
  }
  return runOne('pad', [x], { before: [...before], after: [...after], value });
}

/** Joins tensors of one dtype along an existing axis. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first] = tensors;
  if (!first) throw new Error('concat: needs at least one tensor');
  const along = normalizeAxis('concat', axis, first.shape.length);
  for (const other of tensors) {
    const fits =
      other.shape.length === first.shape.length &&
      other.shape.every((length, index) => index === along || length === first.shape[index]);
    if (!fits || other.dtype !== first.dtype) {
      throw new Error(
        `concat: ${other.dtype} ${show(other.shape)} does not join ${first.dtype} ${show(first.shape)} along axis ${axis}`,
      );
    }
  }
  return tensors.length === 1 ? reshape(first, first.shape) : runOne('concat', tensors, { axis: along });
}

/** Joins tensors of one shape along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first] = tensors;
  if (!first) throw new Error('stack: needs at least one tensor');
  const along = normalizeAxis('stack', axis, first.shape.length + 1);
  const shape = [...first.shape.slice(0, along), 1, ...first.shape.slice(along)];
  for (const other of tensors) {
    if (!sameShape(other.shape, first.shape)) {
      throw new Error(`stack: ${show(other.shape)} does not stack with ${show(first.shape)}`);
    }
  }
  return scope(() =>
    concat(
      tensors.map((tensor) => reshape(tensor, shape)),
      along,
    ),
  );
}

/** Repeats axes of length 1, and adds leading axes, to reach `shape`. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (!sameShape(broadcastShapes('broadcastTo', x.shape, shape), shape)) {
    throw new Error(`broadcastTo: ${show(x.shape)} does not broadcast to ${show(shape)}`);
  }
  return sameShape(x.shape, shape) ? reshape(x, shape) : runOne('broadcast', [x], { shape: [...shape] });
}

/** Rows of x [R, ..] at int32 indices [..I] -> [..I, ..]. Indices must lie in 0 .. R - 1. */
export function gather(x: Tensor, indices: Tensor): Tensor {
  expectDType('gather', indices, 'int32');
  if (x.shape.length === 0) throw new Error('gather: a scalar has no rows');
  return runOne('gather', [x, indices], {});
}

/** Sums the rows of x [N, ..] that share a segment (int32 [N]): out [count, ..]; segments nobody names are 0. */
export function segmentSum(x: Tensor, segments: Tensor, count: number): Tensor {
  expectDType('segmentSum', x, ...FLOATS);
  expectDType('segmentSum', segments, 'int32');
  if (segments.shape.length !== 1 || segments.shape[0] !== x.shape[0]) {
    throw new Error(
      `segmentSum: segments ${show(segments.shape)} must name one segment for each row of ${show(x.shape)}`,
    );
  }
  checkShape('segmentSum', [count]);
  return runOne('segmentSum', [x, segments], { count });
}

/** The k largest elements along the last axis, descending; of equal ones the lower index comes first. No gradient. */
export function topK(x: Tensor, k: number): { readonly values: Tensor; readonly indices: Tensor } {
  expectDType('topK', x, 'float32');
  const last = x.shape.at(-1) ?? 0;
  if (!Number.isInteger(k) || k < 1 || k > last)
    throw new Error(`topK: k = ${k} is not between 1 and the last axis of ${show(x.shape)}`);
  const [values, indices] = run('topK', [x], { k });
  if (!values || !indices) throw new Error('topK: the engine returned too few outputs');
  return { values, indices };
}

/** The running sum along an axis; exclusive starts from 0. Floating types or int32. */
export function cumulativeSum(
  x: Tensor,
  axis = -1,
  { exclusive = false }: { readonly exclusive?: boolean } = {},
): Tensor {
  expectDType('cumulativeSum', x, ...FLOATS, 'int32');
  return runOne('cumulativeSum', [x], { axis: normalizeAxis('cumulativeSum', axis, x.shape.length), exclusive });
}

/** int32 indices [..] -> float32 [.., depth]; an index outside 0 .. depth - 1 gives zeros. */
export function oneHot(indices: Tensor, depth: number): Tensor {
  expectDType('oneHot', indices, 'int32');
  checkShape('oneHot', [depth]);
  return runOne('oneHot', [indices], { depth });
}

/** Sums a gradient over the axes that broadcasting added or stretched, back to `shape`. */
export function sumToShape(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const added = x.shape.length - shape.length;
  const axes = x.shape.flatMap((length, axis) =>
    axis < added || (shape[axis - added] === 1 && length !== 1) ? [axis] : [],
  );
  if (axes.length === 0) return reshape(x, shape);
  return scope(() => reshape(runOne('sum', [x], { axes, keepAxes: false }), shape));
}

function swapLastTwo(shape: Shape): readonly number[] {
  const rank = shape.length;
  if (rank < 2) throw new Error(`transpose: ${show(shape)} has fewer than two axes to swap`);
  const order = Array.from({ length: rank }, (_, axis) => axis);
  return [...order.slice(0, -2), rank - 1, rank - 2];
}

/** Number of rows and their length when all but the last axis are merged. */
export function asRows(x: Tensor): readonly [number, number] {
  return [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1) ?? 1];
}
