import type { DType } from '../dtype.ts';
import { tensorLike } from '../operations/create.ts';
import { cast, greater, logicalAnd, multiply, select, subtract } from '../operations/elementwise.ts';
import { matmul } from '../operations/matmul.ts';
import { max, softmax, sum } from '../operations/reduce.ts';
import { reshape, transpose } from '../operations/shape.ts';
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
    const [q, k, v] = [given('attention', inputs, 0), given('attention', inputs, 1), given('attention', inputs, 2)];
    const [batch = 0, queries = 0, width = 0] = q.shape;
    const keys = k.shape[1] ?? 0;
    const products = matmul(multiply(splitHeads(q, heads), scale), splitHeads(k, heads), { transposeB: true });
    const scores = reshape(products, [batch, heads, queries, keys]);
    const visible = visibility(q, inputs[3] ?? null, causal, keys);
    const weights = softmax(visible ? select(visible, scores, HIDDEN) : scores);
    const mixed = matmul(reshape(weights, [batch * heads, queries, keys]), splitHeads(v, heads));
    const output = mergeHeads(mixed, batch, heads, queries, width);
    // only a key mask can hide every key of a query: causal attention leaves the first
    return inputs[3] && visible ? [output, weights, anyVisible(visible, q.dtype)] : [output, weights];
  },
  backward: (saved, gradient, { heads, scale }, needs) => {
    const [q, k, v] = [given('attention', saved, 0), given('attention', saved, 1), given('attention', saved, 2)];
    const [batch = 0, queries = 0, width = 0] = q.shape;
    const keys = k.shape[1] ?? 0;
    const weights = reshape(given('attention', saved, 3), [batch * heads, queries, keys]);
    const dy = splitHeads(gradient, heads);
    const scoreGradient = () => {
      const weighted = multiply(matmul(dy, splitHeads(v, heads), { transposeB: true }), weights);
      const centred = subtract(weighted, multiply(weights, sum(weighted, { axes: 2, keepAxes: true })));
      const hasKey = saved[4];
      if (!hasKey) return multiply(centred, scale);
      const seen = select(hasKey, reshape(centred, [batch, heads, queries, keys]), 0);
      return multiply(reshape(seen, centred.shape), scale);
    };
    const ds = needs[0] || needs[1] ? scoreGradient() : null;
    return [
      needs[0] && ds ? mergeHeads(matmul(ds, splitHeads(k, heads)), batch, heads, queries, width) : null,
      needs[1] && ds
        ? mergeHeads(matmul(ds, splitHeads(q, heads), { transposeA: true }), batch, heads, keys, width)
        : null,
      needs[2] ? mergeHeads(matmul(weights, dy, { transposeA: true }), batch, heads, keys, width) : null,
    ];
  },
};

/** Which keys each query sees, bool, broadcasting against [B, heads, Nq, Nk]; null where it sees all. */
function visibility(q: Tensor, keyMask: Tensor | null, causal: boolean, keys: number): Tensor | null {
  const [batch = 0, queries = 0] = q.shape;
  const byKey = keyMask && reshape(keyMask, [batch, 1, 1, keys]);
  const byOrder = causal ? causalMask(q, queries, keys) : null;
  return byKey && byOrder ? logicalAnd(byKey, byOrder) : (byKey ?? byOrder);
}

/** Whether a query sees any key: bool [.., Nk] -> [.., 1]. */
function anyVisible(visible: Tensor, dtype: DType): Tensor {
  return greater(max(cast(visible, dtype), { axes: -1, keepAxes: true }), 0);
}

/** How `attention` weighs keys. */
export interface AttentionOptions {
  readonly heads: number;
  /** Factor on q.k; default 1 / sqrt(head width). */
  readonly scale?: number;
  /**
   * bool [B, Nk], true where a key may be attended to. A query with no key left attends evenly, and then no gradient
   * reaches the queries and keys through its scores.
   */
  readonly keyMask?: Tensor;
  /** Query i sees keys 0 .. i only. */
  readonly causal?: boolean;
}

/**
 * Multi-head scaled dot-product attention. q [B, Nq, D], k and v [B, Nk, D], heads contiguous in D, as the projections
 * give them: -> [B, Nq, D].
 * @throws when shapes or dtypes do not fit, or D does not split into the heads.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  const { heads, keyMask, causal = false } = options;
  checkAttention(q, k, v, heads, keyMask);
  const scale = options.scale ?? 1 / Math.sqrt((q.shape[2] ?? 1) / heads);
  return runComposite('attention', attentionDefinition, [q, k, v, keyMask ?? null], { heads, scale, causal });
}

function checkAttention(q: Tensor, k: Tensor, v: Tensor, heads: number, keyMask: Tensor | undefined): void {
  expectDType('attention', q, ...FLOATS);
  expectDType('attention', k, q.dtype);
  expectDType('attention', v, q.dtype);
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
