import { runOne } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import { broadcastShapes, expectDType, FLOATS, show } from '../shapes.ts';
import type { Tensor } from '../tensor.ts';
import { fullLike } from './create.ts';
import { reshape } from './shape.ts';

/** An operand of a binary operation: a tensor, or a number that takes the other operand's dtype. */
export type Operand = Tensor | number;

/** a + b, broadcasting as NumPy does. float32 or int32, the same on both sides. */
export const add = (a: Operand, b: Operand): Tensor => binary('add', a, b, ARITHMETIC);
/** a - b, broadcasting. */
export const subtract = (a: Operand, b: Operand): Tensor => binary('subtract', a, b, ARITHMETIC);
/** a * b, broadcasting. */
export const multiply = (a: Operand, b: Operand): Tensor => binary('multiply', a, b, ARITHMETIC);
/** a / b, broadcasting. Floating types only. */
export const divide = (a: Operand, b: Operand): Tensor => binary('divide', a, b, FLOATS);
/** The larger of a and b, broadcasting. Where they are equal each gets half of the gradient, as in PyTorch. */
export const maximum = (a: Operand, b: Operand): Tensor => binary('maximum', a, b, ARITHMETIC);
/** The smaller of a and b, broadcasting. Where they are equal each gets half of the gradient, as in PyTorch. */
export const minimum = (a: Operand, b: Operand): Tensor => binary('minimum', a, b, ARITHMETIC);
/** a = b as bool, broadcasting. */
export const equal = (a: Operand, b: Operand): Tensor => binary('equal', a, b, ARITHMETIC);
/** a > b as bool, broadcasting. */
export const greater = (a: Operand, b: Operand): Tensor => binary('greater', a, b, ARITHMETIC);
/** a >= b as bool, broadcasting. */
export const greaterEqual = (a: Operand, b: Operand): Tensor => binary('greaterEqual', a, b, ARITHMETIC);
/** a and b, for bool tensors, broadcasting. */
export const logicalAnd = (a: Tensor, b: Tensor): Tensor => binary('logicalAnd', a, b, ['bool']);

/** not a, for a bool tensor. */
export const logicalNot = (a: Tensor): Tensor => unary('logicalNot', a, ['bool']);
/** True where neither NaN nor infinite. */
export const isFinite = (a: Tensor): Tensor => unary('isFinite', a);
/** Minus a. */
export const negative = (a: Tensor): Tensor => unary('negative', a);
/** |a|; its gradient at 0 is 0. */
export const absolute = (a: Tensor): Tensor => unary('absolute', a);
/** a squared. */
export const square = (a: Tensor): Tensor => unary('square', a);
/** The square root. */
export const sqrt = (a: Tensor): Tensor => unary('sqrt', a);
/** 1 / sqrt(a) */
export const rsqrt = (a: Tensor): Tensor => unary('rsqrt', a);
/** e to the power a. */
export const exp = (a: Tensor): Tensor => unary('exp', a);
/** The natural logarithm. */
export const log = (a: Tensor): Tensor => unary('log', a);
/** The error function. */
export const erf = (a: Tensor): Tensor => unary('erf', a);
/** 1 / (1 + exp(-a)) */
export const sigmoid = (a: Tensor): Tensor => unary('sigmoid', a);
/** The hyperbolic tangent. */
export const tanh = (a: Tensor): Tensor => unary('tanh', a);

/** a where condition is true, else b; all three broadcast together. */
export function select(condition: Tensor, a: Operand, b: Operand): Tensor {
  expectDType('select', condition, 'bool');
  return withOperands('select', a, b, (left, right) => {
    broadcastShapes('select', condition.shape, broadcastShapes('select', left.shape, right.shape));
    return runOne('select', [condition, left, right], {});
  });
}

/** The tensor in another dtype. Float to int truncates toward zero; to bool means not equal to zero. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? reshape(x, x.shape) : runOne('cast', [x], { dtype });
}

const ARITHMETIC: readonly DType[] = [...FLOATS, 'int32'];

type Binary =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'maximum'
  | 'minimum'
  | 'equal'
  | 'greater'
  | 'greaterEqual'
  | 'logicalAnd';

function binary(operation: Binary, a: Operand, b: Operand, dtypes: readonly DType[]): Tensor {
  return withOperands(operation, a, b, (left, right) => {
    expectDType(operation, left, ...dtypes);
    broadcastShapes(operation, left.shape, right.shape);
    return runOne(operation, [left, right], {});
  });
}

/** Calls `f` with both operands as tensors of one dtype. A number becomes a scalar that lives only that long. */
function withOperands(operation: string, a: Operand, b: Operand, f: (left: Tensor, right: Tensor) => Tensor): Tensor {
  if (typeof a !== 'number' && typeof b !== 'number') {
    if (a.dtype !== b.dtype) throw new Error(`${operation}: dtypes ${a.dtype} and ${b.dtype} differ; cast one of them`);
    return f(a, b);
  }
  if (typeof a === 'number') {
    if (typeof b === 'number') throw new Error(`${operation}: at least one operand must be a tensor`);
    return withScalar(operation, b, a, (scalar) => f(scalar, b));
  }
  return withScalar(operation, a, Number(b), (scalar) => f(a, scalar));
}

function withScalar(operation: string, like: Tensor, value: number, f: (scalar: Tensor) => Tensor): Tensor {
  if (like.dtype === 'int32' && !Number.isInteger(value)) {
    throw new Error(
      `${operation}: ${value} is not an int32; cast the int32 tensor ${show(like.shape)} to float32 first`,
    );
  }
  const scalar = fullLike(like, value, []);
  try {
    return f(scalar);
  } finally {
    scalar.dispose();
  }
}

type Unary =
  | 'logicalNot'
  | 'isFinite'
  | 'negative'
  | 'absolute'
  | 'square'
  | 'sqrt'
  | 'rsqrt'
  | 'exp'
  | 'log'
  | 'erf'
  | 'sigmoid'
  | 'tanh';

function unary(operation: Unary, x: Tensor, dtypes: readonly DType[] = FLOATS): Tensor {
  expectDType(operation, x, ...dtypes);
  return runOne(operation, [x], {});
}
