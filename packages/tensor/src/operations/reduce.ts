import { runOne } from '../dispatch.ts';
import { scope } from '../scope.ts';
import { expectDType, FLOATS, normalizeAxes, show } from '../shapes.ts';
import type { Tensor } from '../tensor.ts';
import { multiply } from './elementwise.ts';
import { reshape } from './shape.ts';

/** Which axes to reduce (default all; negative counts from the end) and whether they stay with length 1. */
export interface ReduceOptions {
  readonly axes?: number | readonly number[];
  readonly keepAxes?: boolean;
}

/** The sum over axes. An empty sum is 0; over no axes it is the tensor itself. */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  expectDType('sum', x, ...FLOATS, 'int32');
  return reduce('sum', x, options);
}

/** The largest element over axes. The gradient is shared evenly among equal largest elements, as PyTorch's amax does. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  expectDType('max', x, ...FLOATS);
  if (x.size === 0) throw new Error(`max: ${show(x.shape)} has no elements`);
  return reduce('max', x, options);
}

/** The arithmetic mean over axes. The mean of no elements is NaN. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  expectDType('mean', x, ...FLOATS);
  const axes = normalizeAxes('mean', options.axes, x.shape.length);
  const count = axes.reduce((product, axis) => product * (x.shape[axis] ?? 1), 1);
  return scope(() => multiply(sum(x, options), 1 / count));
}

/** Softmax over the last axis. */
export function softmax(x: Tensor): Tensor {
  expectDType('softmax', x, ...FLOATS);
  if (x.shape.length === 0) throw new Error('softmax: a scalar has no last axis');
  return runOne('softmax', [x], {});
}

function reduce(operation: 'sum' | 'max', x: Tensor, { axes, keepAxes = false }: ReduceOptions): Tensor {
  const normal = normalizeAxes(operation, axes, x.shape.length);
  return normal.length === 0 ? reshape(x, x.shape) : runOne(operation, [x], { axes: normal, keepAxes });
}
