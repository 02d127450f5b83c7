import type { AttentionAttributes } from '@umt/tensor';
import type { TorchHandle } from '../torch/handle.ts';
import { DTYPE_CODES } from '../torch/native.ts';
import type { Torch } from '../torch/torch.ts';
import { headMatrices, merged } from './heads.ts';
import { needed } from './types.ts';

/** Score of a hidden key, as in the definition: finite, so that a query with no key attends evenly. */
const HIDDEN = -3.4028234663852886e38;
/** What bfloat16 and float16 can hold of it. */
const HIDDEN_BY_CODE: Readonly<Record<number, number>> = {
  [DTYPE_CODES.bfloat16]: -3.3895313892515355e38,
  [DTYPE_CODES.float16]: -65504,
};

/**
 * Attention in matrix products: -> output [B, Nq, D], weights [B * heads, Nq, Nk], and with a mask whether a query sees
 * any key, bool [B, 1, Nq or 1, 1].
 */
export function plainForward(
  torch: Torch,
  [q, k, v]: readonly [TorchHandle, TorchHandle, TorchHandle],
  mask: TorchHandle | null,
  { heads, scale, causal }: AttentionAttributes,
): readonly TorchHandle[] {
  const [batch = 0, queries = 0] = q.shape;
  const keys = k.shape[1] ?? 0;
  const qs = headMatrices(torch, q, heads);
  torch.inPlace('mul_.Scalar', qs, scale);
  const ks = headMatrices(torch, k, heads);
  const scores = torch.one('bmm', qs, torch.one('transpose.int', ks, 1, 2));
  const visible = visibility(torch, mask, batch, queries, keys, causal);
  if (visible) {
    const hidden = torch.one('logical_not', visible);
    const byHead = torch.one('_unsafe_view', scores, [batch, heads, queries, keys]);
    torch.inPlace('masked_fill_.Scalar', byHead, hidden, HIDDEN_BY_CODE[q.code] ?? HIDDEN);
    torch.free(byHead);
  }
  const weights = weightsOf(torch, scores);
  const output = merged(torch, torch.one('bmm', weights, headMatrices(torch, v, heads)), heads, q.shape);
  return mask && visible ? [output, weights, torch.one('any.dim', visible, -1, true)] : [output, weights];
}

/** Gradients of queries, keys and values, where they are needed. */
export function plainBackward(
  torch: Torch,
  [q, k, v]: readonly [TorchHandle, TorchHandle, TorchHandle],
  [savedWeights, hasKey]: readonly (TorchHandle | null)[],
  gradient: TorchHandle,
  { heads, scale }: AttentionAttributes,
  needs: readonly boolean[],
): readonly (TorchHandle | null)[] {
  const weights = needed(savedWeights);
  const dy = headMatrices(torch, gradient, heads);
  const dv = needs[2] ? merged(torch, torch.one('bmm', transposed(torch, weights), dy), heads, v.shape) : null;
  if (!needs[0] && !needs[1]) return [null, null, dv];

  const weightGradient = torch.one('bmm', dy, transposed(torch, headMatrices(torch, v, heads)));
  const ds = scoreGradient(torch, weightGradient, weights);
  if (hasKey) {
    const [batch = 0, queries = 0] = q.shape;
    const byHead = torch.one('_unsafe_view', ds, [batch, heads, queries, k.shape[1] ?? 0]);
    torch.inPlace('masked_fill_.Scalar', byHead, torch.one('logical_not', hasKey), 0);
  }
  const scaled = (product: TorchHandle) => {
    torch.inPlace('mul_.Scalar', product, scale);
    return product;
  };
  return [
    needs[0] ? merged(torch, scaled(torch.one('bmm', ds, headMatrices(torch, k, heads))), heads, q.shape) : null,
    needs[1]
      ? merged(torch, scaled(torch.one('bmm', transposed(torch, ds), headMatrices(torch, q, heads))), heads, k.shape)
      : null,
    dv,
  ];
}

/**
 * Softmax over the rows of scores, which are consumed. The CPU's kernel reads an element for the last time just before it
 * writes it, so that results may take the scores' place: the largest tensor of a layer is not held twice.
 */
function weightsOf(torch: Torch, scores: TorchHandle): TorchHandle {
  if (torch.device.type === 'cpu') {
    torch.inPlace('_softmax.out', scores, -1, false, scores);
    return scores;
  }
  const weights = torch.one('_softmax', scores, -1, false);
  torch.free(scores);
  return weights;
}

/** The gradient of the scores from that of the weights, which is consumed; in its place on the CPU, as above. */
function scoreGradient(torch: Torch, weightGradient: TorchHandle, weights: TorchHandle): TorchHandle {
  if (torch.device.type === 'cpu') {
    torch.inPlace('_softmax_backward_data.out', weightGradient, weights, -1, weights.code, weightGradient);
    return weightGradient;
  }
  const gradient = torch.one('_softmax_backward_data', weightGradient, weights, -1, weights.code);
  torch.free(weightGradient);
  return gradient;
}

/** Which keys each query sees, bool, broadcasting against [B, heads, Nq, Nk]; null where it sees all. */
function visibility(
  torch: Torch,
  mask: TorchHandle | null,
  batch: number,
  queries: number,
  keys: number,
  causal: boolean,
): TorchHandle | null {
  const byKey = mask && torch.one('reshape', mask, [batch, 1, 1, keys]);
  if (!causal) return byKey;
  const byOrder = torch.one('tril', torch.full([1, 1, queries, keys], 1, DTYPE_CODES.bool));
  return byKey ? torch.one('logical_and', byKey, byOrder) : byOrder;
}

function transposed(torch: Torch, x: TorchHandle): TorchHandle {
  return torch.one('transpose.int', x, 1, 2);
}
