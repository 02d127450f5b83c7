import type { Handle } from '../engine.ts';

/**
 * The composites: operations with one definition in primitives (the truth) which an engine may run in its own way.
 *
 * A composite's forward returns its output followed by extras that only its own backward reads (a layer norm's mean and
 * reciprocal deviation, an attention's weights). Which inputs are handed to backward is fixed per composite
 * (`savedInputs` in its definition); extras are opaque to everyone else, so an engine that overrides both halves may
 * choose its own, and one that overrides a single half must keep the definition's.
 */
export interface CompositeAttributes {
  /** x [.., in], weight [out, in], bias? [out] -> [.., out]: x times the transpose of weight. Saved inputs: x, weight. */
  readonly linear: Readonly<Record<string, never>>;
  /** x [.., D], scale [D], shift [D] -> [.., D], biased variance over the last axis. Saved inputs: x, scale. Extras: mean [rows], rstd [rows]. */
  readonly layerNorm: { readonly epsilon: number };
  /** Exact: 0.5 x (1 + erf(x / sqrt 2)). Saved inputs: x. */
  readonly gelu: Readonly<Record<string, never>>;
  /** x * sigmoid(1.702 x). Saved inputs: x. */
  readonly quickGelu: Readonly<Record<string, never>>;
  /**
   * q [B, Nq, D], k and v [B, Nk, D], keyMask? bool [B, Nk] (true = attend) -> [B, Nq, D].
   * D is split into `heads` contiguous heads; scores are q.k * scale; `causal` hides keys after the query's own position.
   * A query with no visible key attends evenly, and its scores get no gradient.
   * Saved inputs: q, k, v. Extras: attention weights [B, heads, Nq, Nk]; with a keyMask also bool [B, 1, Nq or 1, 1],
   * false for a query with no visible key.
   */
  readonly attention: AttentionAttributes;
  /** x [B, N, ..], indices int32 [B, M], unique per row -> [B, M, ..]. Saved inputs: indices. No gradient to the indices. */
  readonly selectTokens: { readonly tokens: number };
  /** x / sqrt(sum of squares over the last axis + epsilon). Saved inputs: x. Extras: the reciprocal norms, last axis 1. */
  readonly l2Normalize: { readonly epsilon: number };
  /** logits [R, C], targets [R, C] (rows sum to 1) -> losses [R]. Saved inputs: targets. Extras: softmax [R, C]. No gradient to the targets. */
  readonly softmaxCrossEntropy: Readonly<Record<string, never>>;
}

/** Attributes of `attention`; see `CompositeAttributes`. */
export interface AttentionAttributes {
  readonly heads: number;
  readonly scale: number;
  readonly causal: boolean;
}

/** The name of a composite. */
export type CompositeName = keyof CompositeAttributes;

/** One engine's own way to run a composite; either half may be left to the definition. */
export interface CompositeKernel<A> {
  /** Returns the output, then the extras. An optional input that was not given is null. */
  readonly forward?: (inputs: readonly (Handle | null)[], attributes: A) => readonly Handle[];
  /**
   * Gradients with respect to each input of forward (null where none is defined or `needs[i]` is false).
   * `saved` holds the saved inputs, then the extras.
   */
  readonly backward?: (
    saved: readonly (Handle | null)[],
    outputGradient: Handle,
    attributes: A,
    needs: readonly boolean[],
  ) => readonly (Handle | null)[];
}

/** The optimizer update, the one operation that may write into its inputs. */
export interface AdamWAttributes {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** Handles of one AdamW update; see `adamw` for shapes and meaning. */
export interface AdamWHandles {
  readonly parameter: Handle;
  readonly gradient: Handle;
  readonly firstMoment: Handle;
  readonly secondMoment: Handle;
  readonly step: Handle;
  readonly gradientScale: Handle;
  readonly apply: Handle;
}

/** What an engine overrides. Absent entries run the definition. */
export type CompositeKernels = {
  readonly [C in CompositeName]?: CompositeKernel<CompositeAttributes[C]>;
} & {
  /**
   * Consumes parameter, firstMoment and secondMoment (it may write into their memory and frees them) and returns their
   * replacements in that order. Only called when nobody else holds these handles.
   */
  readonly adamw?: (handles: AdamWHandles, attributes: AdamWAttributes) => readonly [Handle, Handle, Handle];
  /** The sum of squares over all handles (float32 scalar): what a global gradient norm needs. */
  readonly sumOfSquares?: (handles: readonly Handle[]) => Handle;
};
