import type { AdamWNumbers } from '../loops/adamw.ts';
import type { Span } from './heap.ts';

/** [batch, m, k] x [batch, k, n] -> [batch, m, n]; a flag says that an input lies with its last axes swapped. */
export interface MatmulShape {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** q [batch, queries, width], k and v [batch, keys, width]; width is `heads` contiguous heads. */
export interface AttentionShape {
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly width: number;
  readonly heads: number;
  readonly scale: number;
}

/** 1 where a query may see a key: [batch or 1, 1, queries or 1, keys]. Lives outside the heap. */
export interface AttentionMask {
  readonly visible: Uint8Array;
  readonly shape: readonly [number, 1, number, number];
}

/** Inputs of attention. */
export interface AttentionInputs {
  readonly q: Span;
  readonly k: Span;
  readonly v: Span;
  readonly mask: AttentionMask | null;
}

/** What an AdamW update reads and, but for the gradient, writes. */
export interface AdamWSpans {
  readonly p: Span;
  readonly gradient: Span;
  readonly m: Span;
  readonly v: Span;
}

/** Functions whose speed depends on who computes them. */
export type DenseUnary = 'exp' | 'log' | 'erf' | 'tanh' | 'sigmoid';

/** Score of a hidden key: finite, so that a query that sees no key attends evenly instead of giving NaN. */
export const HIDDEN_SCORE = -3.4028234663852886e38;

/**
 * The part of the work that decides the speed, in two versions: XNNPACK inside wasm, and onnxruntime on the wasm heap.
 * All spans are row-major float32; outputs never overlap inputs unless said.
 */
export interface DenseKernels {
  /** For `capabilities.deviceName`, e.g. "onnxruntime-node 1.30.0 GEMM". */
  readonly description: string;
  readonly threads: number;
  /** Any length may be 0; an empty sum is 0. */
  matmul(a: Span, b: Span, out: Span, shape: MatmulShape): void;
  /** out [rows, outputs] = x [rows, inputs] x weight [outputs, inputs] transposed, plus bias [outputs]. No length is 0. */
  linear(x: Span, weight: Span, bias: Span | null, out: Span, rows: number, inputs: number, outputs: number): void;
  /** out [columns] = the sum over rows of x [rows, columns]. */
  columnSums(x: Span, out: Span, rows: number, columns: number): void;
  /** May be in place. */
  softmax(x: Span, out: Span, rows: number, columns: number): void;
  /** May be in place. */
  unary(name: DenseUnary, x: Span, out: Span): void;
  /** out = the exact GELU of x, which it may be. */
  gelu(x: Span, out: Span): void;
  /** out = gradient * gelu'(x) */
  geluGradient(x: Span, gradient: Span, out: Span): void;
  /** out = x sigmoid(1.702 x); it may be x. */
  quickGelu(x: Span, out: Span): void;
  /** out = gradient * quickGelu'(x) */
  quickGeluGradient(x: Span, gradient: Span, out: Span): void;
  /** No length is 0. */
  attention(inputs: AttentionInputs, out: Span, shape: AttentionShape): void;
  /**
   * Gradients with respect to q, k, v from the output and its gradient. The weights are computed again: that is faster
   * than to fetch [batch, heads, queries, keys] from memory, and nothing of that size is kept between the passes.
   */
  attentionGradient(
    inputs: AttentionInputs & { readonly out: Span; readonly gradient: Span },
    gradients: { readonly q: Span; readonly k: Span; readonly v: Span },
    shape: AttentionShape,
  ): void;
  /** One AdamW update in place. */
  adamw(spans: AdamWSpans, numbers: AdamWNumbers): void;
  /** Frees what the kernels hold outside the heap. */
  dispose(): void;
}
