import { broadcastShape, sameShape } from '../loops/binary.ts';
import type { NoAttributes, Shape } from '@umt/tensor';
import type { KernelEngine, KernelHandle, KernelPrimitive, KernelPrimitives } from './engine.ts';

/** The primitives in terms of tfjs's kernels, as every complete backend has them. */
export const kernelPrimitives: KernelPrimitives = {
  add: binary('Add'),
  subtract: binary('Sub'),
  multiply: binary('Multiply'),
  divide: binary('RealDiv'),
  maximum: binary('Maximum'),
  minimum: binary('Minimum'),
  equal: binary('Equal'),
  greater: binary('Greater'),
  greaterEqual: binary('GreaterEqual'),
  logicalAnd: binary('LogicalAnd'),
  logicalNot: unary('LogicalNot'),
  isFinite: unary('IsFinite'),
  negative: unary('Neg'),
  absolute: unary('Abs'),
  square: unary('Square'),
  sqrt: unary('Sqrt'),
  rsqrt: unary('Rsqrt'),
  exp: unary('Exp'),
  log: unary('Log'),
  erf: unary('Erf'),
  sigmoid: unary('Sigmoid'),
  tanh: unary('Tanh'),
  sum: (engine, [x], { axes, keepAxes }) =>
    engine.kernel('Sum', { x: given(x) }, { axis: [...axes], keepDims: keepAxes }),
  max: (engine, [x], { axes, keepAxes }) =>
    engine.kernel('Max', { x: given(x) }, { reductionIndices: [...axes], keepDims: keepAxes }),
  matmul: (engine, [a, b], { transposeA, transposeB }) =>
    engine.kernel('BatchMatMul', { a: given(a), b: given(b) }, { transposeA, transposeB }),
  softmax: (engine, [x]) => engine.kernel('Softmax', { logits: given(x) }, { dim: given(x).shape.length - 1 }),
  reshape: (engine, [x], { shape }) => [engine.share(given(x), shape)],
  transpose: (engine, [x], { permutation }) => engine.kernel('Transpose', { x: given(x) }, { perm: [...permutation] }),
  slice: (engine, [x], { start, size }) =>
    // tfjs's cpu kernel gives NaN for a scalar
    sameShape(given(x).shape, size)
      ? [engine.share(given(x))]
      : engine.kernel('Slice', { x: given(x) }, { begin: [...start], size: [...size] }),
  pad: (engine, [x], { before, after, value }) => {
    const paddings = before.map((length, axis) => [length, after[axis]]);
    return engine.kernel('PadV2', { x: given(x) }, { paddings, constantValue: value });
  },
  concat: (engine, inputs, { axis }) => engine.kernel('Concat', inputs, { axis }),
  broadcast: (engine, [x], { shape }) => [broadcastTo(engine, given(x), shape)],
  gather: (engine, [x, indices]) =>
    engine.kernel('GatherV2', { x: given(x), indices: given(indices) }, { axis: 0, batchDims: 0 }),
  segmentSum: (engine, [x, segments], { count }) =>
    engine.kernel('UnsortedSegmentSum', { x: given(x), segmentIds: given(segments) }, { numSegments: count }),
  select: (engine, inputs) => {
    const shape = inputs.map((input) => input.shape).reduce(broadcastShape);
    const [condition, t, e] = inputs.map((input) => broadcastTo(engine, input, shape));
    return engine.kernel('Select', { condition: given(condition), t: given(t), e: given(e) });
  },
  topK: (engine, [x], { k }) => engine.kernel('TopK', { x: given(x) }, { k, sorted: true }),
  cumulativeSum: (engine, [x], { axis, exclusive }) =>
    engine.kernel('Cumsum', { x: given(x) }, { axis, exclusive, reverse: false }),
  oneHot: (engine, [indices], { depth }) =>
    engine.kernel('OneHot', { indices: given(indices) }, { depth, onValue: 1, offValue: 0, dtype: 'float32' }),
  cast: (engine, [x], { dtype }) => engine.kernel('Cast', { x: given(x) }, { dtype: engine.dtype(dtype) }),
  fill: (engine, _inputs, { shape, value, dtype }) =>
    engine.kernel('Fill', {}, { shape: [...shape], value, dtype: engine.dtype(dtype) }),
};

function binary(name: string): KernelPrimitive<NoAttributes> {
  return (engine, [a, b]) => engine.kernel(name, { a: given(a), b: given(b) });
}

function unary(name: string): KernelPrimitive<NoAttributes> {
  return (engine, [x]) => engine.kernel(name, { x: given(x) });
}

function broadcastTo(engine: KernelEngine, x: KernelHandle, shape: Shape): KernelHandle {
  if (sameShape(x.shape, shape)) return engine.share(x);
  const own = [...shape.slice(x.shape.length).map(() => 1), ...x.shape];
  const reps = shape.map((length, axis) => (own[axis] === length ? 1 : length));
  return given(engine.kernel('Tile', { x: engine.share(x, own) }, { reps })[0]);
}

function given(handle: KernelHandle | undefined): KernelHandle {
  if (!handle) throw new Error('engine-tfjs: a primitive was called with too few inputs');
  return handle;
}
