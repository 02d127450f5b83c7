import type { DType, Shape } from './dtype.ts';

/**
 * The closed list of primitives every engine runs, with the attributes of each.
 * Inputs are contiguous row-major tensors. All elementwise binary primitives broadcast as NumPy does.
 *
 * NaN and infinities go through arithmetic, elementwise functions, sums, products and softmax as IEEE 754 says; a
 * comparison with NaN is false; select takes only the element it chose. What maximum, minimum, max and topK give where an
 * element is NaN is not defined. int32 arithmetic wraps. Where float32 is written, the engine's other precisions go too.
 */
export interface PrimitiveAttributes {
  // elementwise, two inputs of the same dtype (float32; add, subtract, multiply, minimum, maximum also int32)
  readonly add: NoAttributes;
  readonly subtract: NoAttributes;
  readonly multiply: NoAttributes;
  readonly divide: NoAttributes;
  readonly maximum: NoAttributes;
  readonly minimum: NoAttributes;
  // comparison, two inputs of the same dtype (float32 or int32), bool out
  readonly equal: NoAttributes;
  readonly greater: NoAttributes;
  readonly greaterEqual: NoAttributes;
  // logic on bool
  readonly logicalAnd: NoAttributes;
  readonly logicalNot: NoAttributes;
  /** float32 in, bool out: neither NaN nor infinite. */
  readonly isFinite: NoAttributes;
  // elementwise, one float32 input
  readonly negative: NoAttributes;
  readonly absolute: NoAttributes;
  readonly square: NoAttributes;
  readonly sqrt: NoAttributes;
  readonly rsqrt: NoAttributes;
  readonly exp: NoAttributes;
  readonly log: NoAttributes;
  readonly erf: NoAttributes;
  readonly sigmoid: NoAttributes;
  readonly tanh: NoAttributes;
  /** Sums over `axes` (ascending, non-negative). float32 or int32. */
  readonly sum: ReductionAttributes;
  /** Largest over `axes`. float32. */
  readonly max: ReductionAttributes;
  /**
   * Matrix product over the last two axes. Both inputs have the same rank (2 or more) and equal leading axes; nothing broadcasts.
   * [.., M, K] x [.., K, N] -> [.., M, N], either input read transposed when its flag is set.
   */
  readonly matmul: MatmulAttributes;
  /** Over the last axis. */
  readonly softmax: NoAttributes;
  /** A view or a copy with another shape of the same size. Any dtype. */
  readonly reshape: { readonly shape: Shape };
  /** Output axis i is input axis permutation[i]. Any dtype. */
  readonly transpose: { readonly permutation: readonly number[] };
  /** The box that starts at `start` and has `size`. Any dtype. */
  readonly slice: { readonly start: readonly number[]; readonly size: Shape };
  /** Adds `before[i]` and `after[i]` elements of `value` around axis i. float32 or int32. */
  readonly pad: { readonly before: readonly number[]; readonly after: readonly number[]; readonly value: number };
  /** Joins any number of inputs along `axis`. Any dtype. */
  readonly concat: { readonly axis: number };
  /** Repeats axes of length 1, and adds leading axes, to reach `shape`. Any dtype. */
  readonly broadcast: { readonly shape: Shape };
  /** Rows of x: inputs x [R, ..], indices int32 [..I]; out [..I, ..]. Indices are in range. */
  readonly gather: NoAttributes;
  /** Inputs x [N, ..] float32, segment int32 [N]; out [count, ..]: row s is the sum of the x rows whose segment is s; others are 0. */
  readonly segmentSum: { readonly count: number };
  /** Inputs condition bool, a, b, broadcast together: a where true, else b. */
  readonly select: NoAttributes;
  /** The k largest along the last axis, descending; of equal values the lower index first. float32 in; out values, then int32 indices. */
  readonly topK: { readonly k: number };
  /** Running sum along `axis`; exclusive starts from 0. float32 or int32. */
  readonly cumulativeSum: { readonly axis: number; readonly exclusive: boolean };
  /** Indices int32 [..] -> float32 [.., depth]. An index outside 0..depth-1 gives a row of zeros. */
  readonly oneHot: { readonly depth: number };
  /** Float to int truncates toward zero; to bool: not equal to zero. */
  readonly cast: { readonly dtype: DType };
  /** No inputs: a tensor filled with one value. */
  readonly fill: { readonly shape: Shape; readonly value: number; readonly dtype: DType };
}

/** The name of a primitive. */
export type PrimitiveName = keyof PrimitiveAttributes;

/** Attributes of a primitive that has none. */
export type NoAttributes = Readonly<Record<string, never>>;

/** Attributes of `sum` and `max`. */
export interface ReductionAttributes {
  readonly axes: readonly number[];
  readonly keepAxes: boolean;
}

/** Attributes of `matmul`: which inputs are read transposed in their last two axes. */
export interface MatmulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}
