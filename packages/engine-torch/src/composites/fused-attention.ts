import type { AttentionAttributes } from '@umt/tensor';
import type { TorchHandle } from '../torch/handle.ts';
import type { Torch } from '../torch/torch.ts';
import { needed } from './types.ts';

/** Queries, keys and values as [B, heads, N, d]. */
export type Projections = readonly [TorchHandle, TorchHandle, TorchHandle];

/** One of torch's fused attention kernels, which keep no weights. */
export interface FusedAttention {
  /** The output [B, heads, Nq, d], then what backward reads beside it. */
  readonly forward: (torch: Torch, qkv: Projections, attributes: AttentionAttributes) => readonly TorchHandle[];
  /** Gradients of queries, keys and values, from all that forward gave. */
  readonly backward: (
    torch: Torch,
    qkv: Projections,
    saved: readonly TorchHandle[],
    gradient: TorchHandle,
    attributes: AttentionAttributes,
  ) => readonly (TorchHandle | null)[];
}

/** torch's own choice among its kernels on CUDA, by its numbers. */
const BY_CHOICE: Readonly<Record<number, () => FusedAttention>> = {
  1: () => flash,
  2: () => efficient,
  3: () => cudnn,
};

/** The kernel for a case without a mask, or null where torch has none: then matrix products do it. */
export function fusedAttentionFor(
  torch: Torch,
  qkv: Projections,
  attributes: AttentionAttributes,
): FusedAttention | null {
  const { causal, scale } = attributes;
  const [q, k, v] = qkv;
  const [queries, keys] = [q.shape[2] ?? 0, k.shape[2] ?? 0];
  const isEmpty = [q, k].some(({ shape }) => shape.includes(0));
  // where lengths differ torch's kernels do not agree on which keys a query sees
  if (isEmpty || (causal && queries !== keys)) return null;
  if (torch.device.type === 'cpu') return torch.has('_scaled_dot_product_flash_attention_for_cpu') ? cpuFlash : null;
  if (!torch.has('_fused_sdp_choice')) return null;
  return BY_CHOICE[torch.number('_fused_sdp_choice', q, k, v, null, 0, causal, scale)]?.() ?? null;
}

const cpuFlash: FusedAttention = {
  forward: (torch, qkv, { causal, scale }) =>
    torch.all('_scaled_dot_product_flash_attention_for_cpu', ...qkv, 0, causal, null, scale).map(needed),
  backward: (torch, qkv, [out, logSums], gradient, { causal, scale }) =>
    torch.all(
      '_scaled_dot_product_flash_attention_for_cpu_backward',
      ...[gradient, ...qkv, needed(out), needed(logSums)],
      ...[0, causal, null, scale],
    ),
};

const flash: FusedAttention = {
  forward: (torch, qkv, { causal, scale }) => {
    const results = torch.all('_scaled_dot_product_flash_attention', ...qkv, 0, causal, false, scale);
    // output, log sums, then the state of the dropout that there is none of
    return [results[0], results[1], results[6], results[7]].map(needed);
  },
  backward: (torch, qkv, [out, logSums, seed, offset], gradient, { causal, scale }) =>
    torch.all(
      '_scaled_dot_product_flash_attention_backward',
      ...[gradient, ...qkv, needed(out), needed(logSums), null, null],
      ...lengths(qkv),
      ...[0, causal, needed(seed), needed(offset), scale],
    ),
};

const cudnn: FusedAttention = {
  forward: (torch, qkv, { causal, scale }) => {
    const results = torch.all('_scaled_dot_product_cudnn_attention', ...qkv, null, true, 0, causal, false, scale);
    return [results[0], results[1], results[6], results[7]].map(needed);
  },
  backward: (torch, qkv, [out, logSums, seed, offset], gradient, { causal, scale }) =>
    torch.all(
      '_scaled_dot_product_cudnn_attention_backward',
      ...[gradient, ...qkv, needed(out), needed(logSums), needed(seed), needed(offset), null, null, null],
      ...lengths(qkv),
      ...[0, causal, scale],
    ),
};

const efficient: FusedAttention = {
  forward: (torch, qkv, { causal, scale }) =>
    torch.all('_scaled_dot_product_efficient_attention', ...qkv, null, true, 0, causal, scale).map(needed),
  backward: (torch, qkv, [out, logSums, seed, offset], gradient, { causal, scale }) =>
    torch.all(
      '_scaled_dot_product_efficient_attention_backward',
      ...[gradient, ...qkv, null, needed(out), needed(logSums), needed(seed), needed(offset)],
      ...[0, [true, true, true, false], causal, scale],
    ),
};

function lengths([q, k]: Projections): readonly number[] {
  return [q.shape[2] ?? 0, k.shape[2] ?? 0];
}
