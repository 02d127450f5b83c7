import { multiply, select } from '../operations/elementwise.ts';
import { matmul } from '../operations/matmul.ts';
import { softmax, sum } from '../operations/reduce.ts';
import { subtract } from '../operations/elementwise.ts';
import { reshape, transpose } from '../operations/shape.ts';
import { tensorLike } from '../operations/create.ts';
import { expectDType, FLOATS, show } from '../shapes.ts';
import type { Tensor } from '../tensor.ts';
import type { AttentionAttributes } from './contract.ts';
import { given, runComposite, type CompositeDefinition } from './definition.ts';

/** Score of a hidden key: finite, so that a query with no key at all attends evenly instead of giving NaN. */
const HIDDEN = -3.4028234663852886e38;

/** `attention` in primitives. */
export const attentionDefinition: CompositeDefinition<AttentionAttributes> = {
  savedInputs: [0, 1, 2],
  forward: (inputs, { heads, scale, causal }) => {
    const [q, k, v] = [0, 1, 2].map((index) => given('attention', inputs, index)) as [Tensor, Tensor, Tensor];
    const keyMask = inputs[3] ?? null;
    const [batch = 0, queries = 0, width = 0] = q.shape;
    const keys = k.shape[1] ?? 0;
    const products = matmul(multiply(splitHeads(q, heads), scale), splitHeads(k, heads), { transposeB: true });
    let scores = reshape(products, [batch, heads, queries, keys]);
    if (keyMask) scores = select(reshape(keyMask, [batch, 1, 1, keys]), scores, HIDDEN);
    if (causal) scores = select(causalMask(q, queries, keys), scores, HIDDEN);
    const weights = softmax(scores);
    const mixed = matmul(reshape(weights, [batch * heads, queries, keys]), splitHeads(v, heads));
    return [mergeHeads(mixed, batch, heads, queries, width), weights];
  },
  backward: (saved, gradient, { heads, scale }, needs) => {
    const [q, k, v, weights4] = [0, 1, 2, 3].map((index) => given('attention', saved, index)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const [batch = 0, queries = 0, width = 0] = q.shape;
    const keys = k.shape[1] ?? 0;
    const weights = reshape(weights4, [batch * heads, queries, keys]);
    const dy = splitHeads(gradient, heads);
    const weighted = multiply(matmul(dy, splitHeads(v, heads), { transposeB: true }), weights);
    const scoreGradient = multiply(
      subtract(weighted, multiply(weights, sum(weighted, { axes: 2, keepAxes: true }))),
      scale,
    );
    return [
      needs[0] ? mergeHeads(matmul(scoreGradient, splitHeads(k, heads)), batch, heads, queries, width) : null,
      needs[1]
        ? mergeHeads(matmul(scoreGradient, splitHeads(q, heads), { transposeA: true }), batch, heads, keys, width)
        : null,
      needs[2] ? mergeHeads(matmul(weights, dy, { transposeA: true }), batch, heads, keys, width) : null,
    ];
  },
};

/** How `attention` weighs keys. */
export interface AttentionOptions {
  readonly heads: number;
  /** Factor on q.k; default 1 / sqrt(head width). */
  readonly scale?: number;
  /** bool [B, Nk], true where a key may be attended to. A query with no key left attends evenly. */
  readonly keyMask?: Tensor;
  /** Query i sees keys 0 .. i only. */
  readonly causal?: boolean;
}

/**
 * Multi-head scaled dot-product attention. q [B, Nq, D], k and v [B, Nk, D], heads contiguous in D, as the projections
 * give them: -> [B, Nq, D].
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  const { heads, keyMask, causal = false } = options;
  checkAttention(q, k, v, heads, keyMask);
  const scale = options.scale ?? 1 / Math.sqrt((q.shape[2] ?? 1) / heads);
  return runComposite('attention', attentionDefinition, [q, k, v, keyMask ?? null], { heads, scale, causal });
}

function checkAttention(q: Tensor, k: Tensor, v: Tensor, heads: number, keyMask: Tensor | undefined): void {
  expectDType('attention', q, ...FLOATS);
  const [batch, , width = 0] = q.shape;
  const fits =
    [q, k, v].every((x) => x.shape.length === 3 && x.shape[0] === batch && x.shape[2] === width) &&
    k.shape[1] === v.shape[1];
  if (!fits) {
    throw new Error(
      `attention: q ${show(q.shape)}, k ${show(k.shape)} and v ${show(v.shape)} must be [B, Nq, D], [B, Nk, D], [B, Nk, D]`,
    );
  }
  if (!Number.isInteger(heads) || heads < 1 || width % heads !== 0) {
    throw new Error(`attention: width ${width} does not split into ${heads} heads`);
  }
  if (!keyMask) return;
  expectDType('attention', keyMask, 'bool');
  if (keyMask.shape.length !== 2 || keyMask.shape[0] !== batch || keyMask.shape[1] !== k.shape[1]) {
    throw new Error(`attention: keyMask ${show(keyMask.shape)} must be [B, Nk] = [${batch}, ${k.shape[1]}]`);
  }
}

/** [B, N, D] -> [B * heads, N, D / heads] */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch = 0, tokens = 0, width = 0] = x.shape;
  const byHead = transpose(reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
  return reshape(byHead, [batch * heads, tokens, width / heads]);
}

/** [B * heads, N, D / heads] -> [B, N, D] */
function mergeHeads(x: Tensor, batch: number, heads: number, tokens: number, width: number): Tensor {
  const byToken = transpose(reshape(x, [batch, heads, tokens, width / heads]), [0, 2, 1, 3]);
  return reshape(byToken, [batch, tokens, width]);
}

function causalMask(like: Tensor, queries: number, keys: number): Tensor {
  const visible = new Uint8Array(queries * keys);
  for (let query = 0; query < queries; query++) visible.fill(1, query * keys, query * keys + Math.min(query + 1, keys));
  return tensorLike(like, visible, [1, 1, queries, keys], 'bool');
}
