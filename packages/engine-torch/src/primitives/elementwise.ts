import type { NoAttributes, PrimitiveName } from '@umt/tensor';
import { NOT_MADE, type TorchHandle } from '../torch/handle.ts';
import { codeFor, type Torch } from '../torch/torch.ts';
import { given, type Kernel } from './kernel.ts';

/** Elementwise primitives, selection, conversion and constants. */
export const elementwiseKernels = {
  add: commutative('add'),
  multiply: commutative('mul'),
  subtract: (torch, [a, b]) => {
    const [left, right] = [given(a), given(b)];
    if (isConstant(right)) return [torch.one('sub.Scalar', torch.own(left), right.constant)];
    if (isConstant(left)) return [torch.one('rsub.Scalar', right, left.constant)];
    return [torch.one('sub.Tensor', left, right)];
  },
  divide: (torch, [a, b]) => {
    const [left, right] = [given(a), given(b)];
    return isConstant(right)
      ? [torch.one('div.Scalar', torch.own(left), right.constant)]
      : [torch.one('div.Tensor', torch.own(left), right)];
  },
  maximum: binary('maximum'),
  minimum: binary('minimum'),
  equal: binary('eq.Tensor'),
  greater: binary('gt.Tensor'),
  greaterEqual: binary('ge.Tensor'),
  logicalAnd: binary('logical_and'),
  logicalNot: unary('logical_not'),
  isFinite: unary('isfinite'),
  negative: unary('neg'),
  absolute: unary('abs'),
  square: unary('square'),
  sqrt: unary('sqrt'),
  rsqrt: unary('rsqrt'),
  exp: unary('exp'),
  log: unary('log'),
  erf: unary('erf'),
  sigmoid: unary('sigmoid'),
  tanh: unary('tanh'),
  select: (torch, [condition, a, b]) => [torch.one('where.self', given(condition), given(a), given(b))],
  cast: (torch, [x], { dtype }) => [torch.one('to.dtype', given(x), codeFor(dtype))],
  fill: (torch, _, { shape, value, dtype }) => [
    shape.length === 0 ? torch.constant(value, codeFor(dtype)) : torch.full(shape, value, codeFor(dtype)),
  ],
} satisfies { readonly [P in PrimitiveName]?: Kernel<P> };

/** Those that take a constant without making a tensor of it. */
export const TAKE_CONSTANTS: ReadonlySet<PrimitiveName> = new Set(['add', 'multiply', 'subtract', 'divide']);

function unary(operator: string): (torch: Torch, inputs: readonly TorchHandle[]) => readonly TorchHandle[] {
  return (torch, [x]) => [torch.one(operator, given(x))];
}

function binary(operator: string): (torch: Torch, inputs: readonly TorchHandle[]) => readonly TorchHandle[] {
  return (torch, [a, b]) => [torch.one(operator, given(a), given(b))];
}

/** Addition and multiplication: a constant on either side goes along as a number, with no tensor and no kernel for it. */
function commutative(
  operator: 'add' | 'mul',
): (torch: Torch, inputs: readonly TorchHandle[], attributes: NoAttributes) => readonly TorchHandle[] {
  return (torch, [a, b]) => {
    const [left, right] = [given(a), given(b)];
    if (isConstant(right)) return [torch.one(`${operator}.Scalar`, torch.own(left), right.constant)];
    if (isConstant(left)) return [torch.one(`${operator}.Scalar`, right, left.constant)];
    return [torch.one(`${operator}.Tensor`, left, right)];
  };
}

function isConstant(handle: TorchHandle): handle is TorchHandle & { readonly constant: number } {
  return handle.constant !== null && handle.slot === NOT_MADE;
}
