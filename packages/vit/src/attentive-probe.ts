// B clips, N tokens, D width.
import { initialize, LayerNorm, Linear, Module, Parameter, truncatedNormal } from '@umt/nn';
import { attention, broadcastTo, cast, reshape, scope, split, zeros, type Tensor } from '@umt/tensor';
import { checkCounts, checkHeads } from './check-size.ts';
import type { ProbeConfig } from './linear-probe.ts';

/** Size of an attentive probe. */
export interface AttentiveProbeConfig extends ProbeConfig {
  /** Attention heads. */
  readonly heads: number;
}

/**
 * A classifier of tokens that learns where to look: one learned query attends over the normalised tokens of a frozen model,
 * then LayerNorm and a Linear (attentive probing of V-JEPA, section 4; CoCa's attentional pooling, section 3.2). It gets more
 * out of a model than a linear probe where what matters is in few tokens. A new one is all zeros with norms at (1, 0).
 */
export class AttentiveProbe extends Module {
  /** [1, 1, D] */
  readonly query: Parameter;
  /** Of the tokens. */
  readonly norm1: LayerNorm;
  /** [2 D, D]: the rows of keys, then values. */
  readonly kv: Linear;
  readonly proj: Linear;
  /** Of what the query found. */
  readonly norm2: LayerNorm;
  readonly head: Linear;
  readonly config: AttentiveProbeConfig;

  /** @throws RangeError naming the field of the configuration that is wrong */
  constructor(config: AttentiveProbeConfig) {
    super();
    const { width, heads, classes } = config;
    checkCounts('attentive probe', config, ['width', 'heads', 'classes']);
    checkHeads('attentive probe', width, heads, ['width', 'heads']);
    this.query = new Parameter(zeros([1, 1, width]));
    this.norm1 = new LayerNorm(width, 1e-6);
    this.kv = new Linear(width, 2 * width);
    this.proj = new Linear(width, width);
    this.norm2 = new LayerNorm(width, 1e-6);
    this.head = new Linear(width, classes);
    this.config = config;
  }

  /** Tokens [B, N, D], such as a classifier's `tokens`, -> logits [B, classes] */
  forward(tokens_BND: Tensor): Tensor {
    const { width, heads } = this.config;
    const [batch = 0] = tokens_BND.shape;
    return scope(() => {
      const [k_BND, v_BND] = split(this.kv.forward(this.norm1.forward(tokens_BND)), 2) as [Tensor, Tensor];
      const q_B1D = broadcastTo(cast(this.query.value, tokens_BND.dtype), [batch, 1, width]);
      const found_BD = reshape(attention(q_B1D, k_BND, v_BND, { heads }), [batch, width]);
      return this.head.forward(this.norm2.forward(this.proj.forward(found_BD)));
    });
  }
}

/** An attentive probe whose query and weights are normal with std 0.02. */
export function createAttentiveProbe(
  config: AttentiveProbeConfig,
  { seed }: { readonly seed: number },
): AttentiveProbe {
  const probe = new AttentiveProbe(config);
  initialize(probe, seed, (_, { shape }) => (shape.length > 1 ? truncatedNormal(0.02, 2) : null));
  return probe;
}
