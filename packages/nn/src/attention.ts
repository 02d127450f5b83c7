import { attention, concat, fullLike, linear, scope, split, zeros, type DType, type Tensor } from '@umt/tensor';
import { Linear } from './linear.ts';
import { Module } from './module.ts';
import { Parameter } from './parameter.ts';
import { valueIn } from './value-in.ts';

/** What an attention layer has besides its sizes. */
export interface AttentionBiases {
  /** Whether queries and values have a bias. Default true. */
  readonly qkvBias?: boolean;
}

/**
 * Multi-head self-attention with one projection for queries, keys and values, as in UMT, VideoMAE and BEiT: queries and
 * values have a bias, keys have none (it would not change the softmax).
 */
export class Attention extends Module {
  /** [D]; null without `qkvBias`. */
  readonly q_bias: Parameter | null;
  /** [D]; null without `qkvBias`. */
  readonly v_bias: Parameter | null;
  /** weight [3 D, D]: the rows of queries, then keys, then values, each in contiguous heads. */
  readonly qkv: Linear;
  readonly proj: Linear;
  readonly heads: number;

  /** @throws RangeError when the width does not split into the heads */
  constructor(width: number, heads: number, { qkvBias = true }: AttentionBiases = {}) {
    super();
    if (!Number.isInteger(width / heads)) {
      throw new RangeError(
        `Attention: width ${width} does not split into ${heads} heads; choose a divisor of the width`,
      );
    }
    this.q_bias = qkvBias ? new Parameter(zeros([width])) : null;
    this.v_bias = qkvBias ? new Parameter(zeros([width])) : null;
    this.qkv = new Linear(width, 3 * width, { bias: false });
    this.proj = new Linear(width, width);
    this.heads = heads;
  }

  /** [B, N, D] -> [B, N, D] */
  forward(x_BND: Tensor): Tensor {
    const [q_BND, k_BND, v_BND] = scope(
      () =>
        split(linear(x_BND, valueIn(this.qkv.weight, x_BND.dtype), this.#bias(x_BND.dtype)), 3) as [
          Tensor,
          Tensor,
          Tensor,
        ],
    );
    return this.proj.forward(attention(q_BND, k_BND, v_BND, { heads: this.heads }));
  }

  /** [3 D], zeros for the keys. */
  #bias(dtype: DType): Tensor | undefined {
    if (!this.q_bias || !this.v_bias) return undefined;
    const q = valueIn(this.q_bias, dtype);
    return concat([q, fullLike(q, 0), valueIn(this.v_bias, dtype)]);
  }
}
