import { DTYPE_CODES } from '../torch/native.ts';
import type { TorchHandle } from '../torch/handle.ts';
import type { Torch } from '../torch/torch.ts';
import { fusedAttentionFor, type Projections } from './fused-attention.ts';
import { byHead, merged } from './heads.ts';
import { plainBackward, plainForward } from './plain-attention.ts';
import { needed, type TorchComposite } from './types.ts';

/** What was saved tells which kernel ran: matrix products save weights of 3 axes, torch's kernels an output [B, heads, Nq, d], */
const FUSED_RANK = 4;
/** and the loop of our own the log sums of rows, [B * heads, Nq]. */
const LOOP_RANK = 2;

/**
 * Attention: of bfloat16 on the CPU in a loop of our own, else in one of torch's fused kernels where it has one for the
 * case, else in matrix products.
 */
export const attention: TorchComposite<'attention'> = {
  forward: (torch, inputs, attributes) => {
    const qkv = [needed(inputs[0]), needed(inputs[1]), needed(inputs[2])] as const;
    const { heads, scale, causal } = attributes;
    const mask = inputs[3] ?? null;
    if (mask) return plainForward(torch, qkv, mask, attributes);
    if (fitsLoop(torch, qkv, heads)) return torch.loop('attention', qkv, heads, scale, Number(causal)).map(needed);
    const split = qkv.map((x) => byHead(torch, x, heads)) as unknown as Projections;
    const fused = fusedAttentionFor(torch, split, attributes);
    if (!fused) return plainForward(torch, qkv, mask, attributes);
    const saved = fused.forward(torch, split, attributes);
    return [merged(torch, needed(saved[0]), heads, qkv[0].shape), ...saved];
  },
  backward: (torch, saved, gradient, attributes, needs) => {
    const qkv = [needed(saved[0]), needed(saved[1]), needed(saved[2])] as const;
    const { heads, scale, causal } = attributes;
    const extras = saved.slice(3);
    const rank = extras[0]?.shape.length;
    if (rank === LOOP_RANK) {
      const tensors = [...qkv, gradient, needed(extras[0])];
      const gradients = torch.loop('attentionBackward', tensors, heads, scale, Number(causal));
      return gradients.map((found, index) => (needs[index] ? found : null));
    }
    if (rank !== FUSED_RANK) return plainBackward(torch, qkv, extras, gradient, attributes, needs);
    const split = qkv.map((x) => byHead(torch, x, heads)) as unknown as Projections;
    const fused = fusedAttentionFor(torch, split, attributes);
    if (!fused) throw new Error('torch: attention was run by a fused kernel that is not there any more');
    const dy = byHead(torch, gradient, heads);
    const gradients = fused.backward(torch, split, extras.map(needed), dy, attributes);
    return qkv.map((x, index) => (needs[index] ? merged(torch, needed(gradients[index]), heads, x.shape) : null));
  },
};

/** Elements that a processor multiplies at once: the loop wants heads of whole vectors. */
const VECTOR = 16;

function fitsLoop(torch: Torch, qkv: readonly TorchHandle[], heads: number): boolean {
  return (
    torch.hasLoop('attention') &&
    qkv.every(({ code, shape }) => code === DTYPE_CODES.bfloat16 && !shape.includes(0)) &&
    ((qkv[0]?.shape[2] ?? 0) / heads) % VECTOR === 0
  );
}
