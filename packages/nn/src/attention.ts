import { attention, concat, fullLike, linear, scope, split, zeros, type Tensor } from '@umt/tensor';
import { Linear } from './linear.ts';
import { Module } from './module.ts';
import { Parameter } from './parameter.ts';

/**
 * Multi-head self-attention with one projection for queries, keys and values, as in UMT, VideoMAE and BEiT: queries and
 * values have a bias, keys have none (it would not change the softmax).
 */
export class Attention extends Module {
  /** [D] */
  readonly q_bias: Parameter;
  /** [D] */
  readonly v_bias: Parameter;
  /** weight [3 D, D]: the rows of queries, then keys, then values, each in contiguous heads. */
  readonly qkv: Linear;
  readonly proj: Linear;
  readonly heads: number;

  /** @throws RangeError when the width does not split into the heads */
  constructor(width: number, heads: number) {
    super();
    if (!Number.isInteger(width / heads)) {
      throw new RangeError(
        `Attention: width ${width} does not split into ${heads} heads; choose a divisor of the width`,
      );
    }
    this.q_bias = new Parameter(zeros([width]));
    this.v_bias = new Parameter(zeros([width]));
    this.qkv = new Linear(width, 3 * width, { bias: false });
    this.proj = new Linear(width, width);
    this.heads = heads;
  }

  /** [B, N, D] -> [B, N, D] */
  forward(x_BND: Tensor): Tensor {
    const [q_BND, k_BND, v_BND] = scope(() => {
      const bias = concat([this.q_bias.value, fullLike(this.q_bias.value, 0), this.v_bias.value]);
      return split(linear(x_BND, this.qkv.weight.value, bias), 3) as [Tensor, Tensor, Tensor];
    });
    return this.proj.forward(attention(q_BND, k_BND, v_BND, { heads: this.heads }));
  }
}
