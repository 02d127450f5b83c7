import { fusedAttentionFor, type Projections } from './fused-attention.ts';
import { byHead, merged } from './heads.ts';
import { plainBackward, plainForward } from './plain-attention.ts';
import { needed, type TorchComposite } from './types.ts';

/** Rank of a fused kernel's output [B, heads, Nq, d] among what was saved; the weights of matrix products have 3. */
const FUSED_RANK = 4;

/** Attention in one of torch's fused kernels where it has one for the case, else in matrix products. */
export const attention: TorchComposite<'attention'> = {
  forward: (torch, inputs, attributes) => {
    const qkv = [needed(inputs[0]), needed(inputs[1]), needed(inputs[2])] as const;
    const mask = inputs[3] ?? null;
    if (!mask) {
      const split = qkv.map((x) => byHead(torch, x, attributes.heads)) as unknown as Projections;
      const fused = fusedAttentionFor(torch, split, attributes);
      if (fused) {
        const saved = fused.forward(torch, split, attributes);
        return [merged(torch, needed(saved[0]), attributes.heads, qkv[0].shape), ...saved];
      }
    }
    return plainForward(torch, qkv, mask, attributes);
  },
  backward: (torch, saved, gradient, attributes, needs) => {
    const qkv = [needed(saved[0]), needed(saved[1]), needed(saved[2])] as const;
    const extras = saved.slice(3);
    if (extras[0]?.shape.length !== FUSED_RANK) return plainBackward(torch, qkv, extras, gradient, attributes, needs);
    const split = qkv.map((x) => byHead(torch, x, attributes.heads)) as unknown as Projections;
    const fused = fusedAttentionFor(torch, split, attributes);
    if (!fused) throw new Error('torch: attention was run by a fused kernel that is not there any more');
    const dy = byHead(torch, gradient, attributes.heads);
    const gradients = fused.backward(torch, split, extras.map(needed), dy, attributes);
    return qkv.map((x, index) =>
      needs[index] ? merged(torch, needed(gradients[index]), attributes.heads, x.shape) : null,
    );
  },
};
