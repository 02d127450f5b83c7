import { sizeOf, type DType, type Shape } from './dtype.ts';
import type { Tensor } from './tensor.ts';

/** A shape as it appears in messages: [2, 3]. */
export function show(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** NumPy's broadcast of two shapes. Throws, naming the operation and both shapes, when they do not fit. */
export function broadcastShapes(operation: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new Error(
        `${operation}: shapes ${show(a)} and ${show(b)} do not broadcast (axis ${axis}: ${left} against ${right})`,
      );
    }
    return left === 1 ? right : left;
  });
}

/** Axes made non-negative, unique and ascending; undefined means all. */
export function normalizeAxes(
  operation: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): readonly number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = typeof axes === 'number' ? [axes] : axes;
  const normal = list.map((axis) => normalizeAxis(operation, axis, rank));
  if (new Set(normal).size !== normal.length)
    throw new Error(`${operation}: axes [${list.join(', ')}] name one axis twice`);
  return [...normal].sort((a, b) => a - b);
}

/** One axis made non-negative. */
export function normalizeAxis(operation: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new Error(`${operation}: axis ${axis} is not one of the ${rank} axes`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Fills in one -1 of a reshape and checks the size. */
export function resolveReshape(from: Shape, to: Shape): Shape {
  const unknown = to.filter((length) => length === -1).length;
  const known = to.reduce((size, length) => (length === -1 ? size : size * length), 1);
  const size = sizeOf(from);
  const resolved = unknown === 1 && known > 0 ? to.map((length) => (length === -1 ? size / known : length)) : to;
  if (unknown > 1 || resolved.some((length) => !Number.isInteger(length) || length < 0) || sizeOf(resolved) !== size) {
    throw new Error(`reshape: ${show(from)} has ${size} elements and cannot become ${show(to)}`);
  }
  return resolved;
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** Throws unless every length is a whole number of at least 0. */
export function checkShape(operation: string, shape: Shape): void {
  if (!shape.every((length) => Number.isInteger(length) && length >= 0)) {
    throw new Error(`${operation}: ${show(shape)} is not a shape; lengths are whole numbers, 0 or more`);
  }
}

/** Throws unless the tensor has one of the dtypes. */
export function expectDType(operation: string, tensor: Tensor, ...dtypes: readonly DType[]): void {
  if (!dtypes.includes(tensor.dtype)) {
    throw new Error(`${operation}: expected ${dtypes.join(' or ')}, got ${tensor.dtype} ${show(tensor.shape)}`);
  }
}

/** The dtypes that arithmetic takes. */
export const FLOATS: readonly DType[] = ['float32', 'bfloat16', 'float16'];
