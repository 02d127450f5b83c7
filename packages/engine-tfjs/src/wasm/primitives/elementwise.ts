import { broadcastShape, selectInto, zipper, type Zip } from '../../loops/binary.ts';
import type { BinaryKernel, UnaryKernel } from '../c-kernels.ts';
import { input, type PrimitiveKernel, type PrimitiveKernels, type WasmContext } from '../context.ts';
import type { DenseUnary } from '../dense.ts';
import type { WasmDType, WasmHandle } from '../store.ts';

/** XNNPACK broadcasts up to this rank. */
const BROADCAST_RANK = 6;

type Plain = 'add' | 'subtract' | 'multiply' | 'divide' | 'negative';
type Binary = 'maximum' | 'minimum' | 'equal' | 'greater' | 'greaterEqual' | 'logicalAnd';
type Unary = 'absolute' | 'square' | 'sqrt' | 'rsqrt' | DenseUnary | 'isFinite' | 'logicalNot';

/**
 * The elementwise primitives. NaN propagates through all of them, maximum and minimum included; a comparison with NaN
 * is false.
 */
export const elementwiseKernels: PrimitiveKernels<Plain | Binary | Unary | 'select'> = {
  add: arithmetic(
    'Add',
    zipper((a, b) => a + b),
  ),
  subtract: arithmetic(
    'Sub',
    zipper((a, b) => a - b),
  ),
  multiply: arithmetic(
    'Multiply',
    zipper((a, b) => a * b),
  ),
  divide: arithmetic(
    'RealDiv',
    zipper((a, b) => a / b),
  ),
  maximum: looped(zipper((a, b) => Math.max(a, b))),
  minimum: looped(zipper((a, b) => Math.min(a, b))),
  equal: looped(
    zipper((a, b) => (a === b ? 1 : 0)),
    'bool',
  ),
  greater: looped(
    zipper((a, b) => (a > b ? 1 : 0)),
    'bool',
  ),
  greaterEqual: looped(
    zipper((a, b) => (a >= b ? 1 : 0)),
    'bool',
  ),
  logicalAnd: looped(
    zipper((a, b) => a & b),
    'bool',
  ),
  logicalNot: ({ store }, inputs) => {
    const x = input(inputs, 0);
    const out = store.make(x.shape, 'bool');
    const [from, to] = [store.bytes(x), store.bytes(out)];
    for (let i = 0; i < to.length; i++) to[i] = from[i] === 0 ? 1 : 0;
    return [out];
  },
  isFinite: ({ store }, inputs) => {
    const x = input(inputs, 0);
    const out = store.make(x.shape, 'bool');
    const [from, to] = [store.floats(x), store.bytes(out)];
    for (let i = 0; i < to.length; i++) to[i] = Number.isFinite(from[i]) ? 1 : 0;
    return [out];
  },
  negative: unary('Neg'),
  absolute: unary('Abs'),
  square: unary('Square'),
  sqrt: unary('Sqrt'),
  rsqrt: unary('Rsqrt'),
  exp: denseUnary('exp'),
  log: denseUnary('log'),
  erf: denseUnary('erf'),
  sigmoid: denseUnary('sigmoid'),
  tanh: denseUnary('tanh'),
  select: ({ store }, inputs) => {
    const [condition, a, b] = [input(inputs, 0), input(inputs, 1), input(inputs, 2)];
    const shape = broadcastShape(broadcastShape(condition.shape, a.shape), b.shape);
    const out = store.make(shape, a.dtype);
    const views = [store.view(condition), store.view(a), store.view(b)] as const;
    selectInto(views, [condition.shape, a.shape, b.shape], store.view(out), shape);
    return [out];
  },
};

type BinaryPrimitive = PrimitiveKernel<'add'>;
type UnaryPrimitive = PrimitiveKernel<'negative'>;

/** float32 by XNNPACK; int32, and more axes than XNNPACK takes, by a loop. */
function arithmetic(name: BinaryKernel, loop: Zip): BinaryPrimitive {
  const slower = looped(loop);
  return (context, inputs, attributes) => {
    const [a, b] = [input(inputs, 0), input(inputs, 1)];
    const shape = broadcastShape(a.shape, b.shape);
    if (a.dtype !== 'float32' || shape.length > BROADCAST_RANK) return slower(context, inputs, attributes);
    const out = context.store.make(shape, 'float32');
    context.c.binary(name, a.span, a.shape, b.span, b.shape, out.span);
    return [out];
  };
}

function looped(loop: Zip, dtype?: WasmDType): BinaryPrimitive {
  return ({ store }, inputs) => {
    const [a, b] = [input(inputs, 0), input(inputs, 1)];
    const shape = broadcastShape(a.shape, b.shape);
    const out = store.make(shape, dtype ?? a.dtype);
    loop(store.view(a), a.shape, store.view(b), b.shape, store.view(out), shape);
    return [out];
  };
}

function unary(name: UnaryKernel): UnaryPrimitive {
  return (context, inputs) => mapped(context, inputs, (x, out) => context.c.unary(name, x.span, out.span));
}

function denseUnary(name: DenseUnary): UnaryPrimitive {
  return (context, inputs) => mapped(context, inputs, (x, out) => context.dense.unary(name, x.span, out.span));
}

function mapped(
  { store }: WasmContext,
  inputs: readonly WasmHandle[],
  kernel: (x: WasmHandle, out: WasmHandle) => void,
): readonly WasmHandle[] {
  const x = input(inputs, 0);
  const out = store.make(x.shape, 'float32');
  kernel(x, out);
  return [out];
}
