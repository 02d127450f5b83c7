// F frames (sequences), S tokens of a frame (the class token first), M of them asked, W width, h heads.
import { LayerNorm, Linear, Module, Parameter } from '@umt/nn';
import {
  add,
  attention,
  cast,
  linear,
  matmul,
  mean,
  multiply,
  quickGelu,
  reshape,
  scope,
  slice,
  softmax,
  split,
  transpose,
  zeros,
  type Tensor,
} from '@umt/tensor';

/** PyTorch's nn.MultiheadAttention in its packed form, under its names. Keys have a bias here, unlike in the student. */
class MultiheadAttention extends Module {
  /** [3 W, W]: the rows of queries, keys, values. */
  readonly in_proj_weight: Parameter;
  /** [3 W] */
  readonly in_proj_bias: Parameter;
  readonly out_proj: Linear;
  readonly heads: number;

  constructor(width: number, heads: number) {
    super();
    this.in_proj_weight = new Parameter(zeros([3 * width, width]));
    this.in_proj_bias = new Parameter(zeros([3 * width]));
    this.out_proj = new Linear(width, width);
    this.heads = heads;
  }

  /** [F, S, W] -> [F, S, W] */
  forward(x_FSW: Tensor): Tensor {
    const [q, k, v] = scope(
      () => split(linear(x_FSW, this.in_proj_weight.value, this.in_proj_bias.value), 3) as [Tensor, Tensor, Tensor],
    );
    return this.mix(q, k, v);
  }

  /** Some of queries (0), keys (1) and values (2), from `first` on: [F, S, W] -> as many [F, S, W]. */
  project(x_FSW: Tensor, first: number, count: number): readonly Tensor[] {
    const width = this.out_proj.weight.shape[0] ?? 0;
    return scope(() => {
      const weight = slice(this.in_proj_weight.value, [first * width, 0], [count * width, width]);
      const bias = slice(this.in_proj_bias.value, [first * width], [count * width]);
      return split(linear(x_FSW, weight, bias), count);
    });
  }

  /** Queries [F, M, W] over keys and values [F, S, W] -> [F, M, W] */
  mix(q_FMW: Tensor, k_FSW: Tensor, v_FSW: Tensor): Tensor {
    return this.out_proj.forward(attention(q_FMW, k_FSW, v_FSW, { heads: this.heads }));
  }
}

/** CLIP's perceptron: c_fc, QuickGELU, c_proj. */
class ClipMlp extends Module {
  readonly c_fc: Linear;
  readonly c_proj: Linear;

  constructor(width: number) {
    super();
    this.c_fc = new Linear(width, 4 * width);
    this.c_proj = new Linear(4 * width, width);
  }

  forward(x: Tensor): Tensor {
    return this.c_proj.forward(quickGelu(this.c_fc.forward(x)));
  }
}

/** The normalised tokens of a layer with their keys and values, [F, S, W] each. */
export interface AttentionInputs {
  readonly normal_FSW: Tensor;
  readonly k_FSW: Tensor;
  readonly v_FSW: Tensor;
}

/**
 * One layer of CLIP: x + attention(ln_1 x), then x + mlp(ln_2 x). Tokens stay float32 from layer to layer: where parameters
 * are bfloat16, products are too, and what they add to the tokens is rounded, but not the sum.
 */
export class ResidualAttentionBlock extends Module {
  readonly attn: MultiheadAttention;
  readonly ln_1: LayerNorm;
  readonly mlp: ClipMlp;
  readonly ln_2: LayerNorm;

  constructor(width: number, heads: number) {
    super();
    this.attn = new MultiheadAttention(width, heads);
    this.ln_1 = new LayerNorm(width, 1e-5);
    this.mlp = new ClipMlp(width);
    this.ln_2 = new LayerNorm(width, 1e-5);
  }

  /** float32 [F, S, W] -> float32 [F, S, W] */
  forward(x_FSW: Tensor): Tensor {
    return scope(() => {
      const attended = scope(() => cast(this.attn.forward(this.#normal(this.ln_1, x_FSW)), 'float32'));
      return this.#perceive(add(x_FSW, attended));
    });
  }

  /** What every query of this layer is compared with and mixes: once for the class token's and for the rows'. */
  attentionInputs(x_FSW: Tensor): AttentionInputs {
    return scope(() => {
      const normal_FSW = this.#normal(this.ln_1, x_FSW);
      const [k_FSW, v_FSW] = this.attn.project(normal_FSW, 1, 2) as [Tensor, Tensor];
      return { normal_FSW, k_FSW, v_FSW };
    });
  }

  /**
   * What the class token attends to: softmax weights averaged over heads, without those on the class token itself, so
   * that rows sum to less than 1. -> [F, S - 1]
   */
  classAttention({ normal_FSW, k_FSW }: AttentionInputs): Tensor {
    const [frames = 0, tokens = 0, width = 0] = k_FSW.shape;
    const { heads } = this.attn;
    return scope(() => {
      const [q_F1W] = this.attn.project(slice(normal_FSW, [0, 0, 0], [frames, 1, width]), 0, 1) as [Tensor];
      const byHead = (x: Tensor) => {
        const split_FhMd = transpose(reshape(x, [frames, -1, heads, width / heads]), [0, 2, 1, 3]);
        return reshape(split_FhMd, [frames * heads, -1, width / heads]);
      };
      const scale = Math.sqrt(heads / width);
      const scores = matmul(multiply(byHead(q_F1W), scale), byHead(k_FSW), { transposeB: true });
      const weights_FhS = reshape(softmax(scores), [frames, heads, tokens]);
      return slice(mean(weights_FhS, { axes: 1 }), [0, 1], [frames, tokens - 1]);
    });
  }

  /**
   * The layer's output for some of its tokens, each of which still attends to all. -> float32 [F, M, W]
   *
   * @param inputs of the same x
   * @param rows picks the tokens, [F, S, W] -> [F, M, W]
   */
  forwardRows(x_FSW: Tensor, inputs: AttentionInputs, rows: (x_FSW: Tensor) => Tensor): Tensor {
    return scope(() => {
      const attended = scope(() => {
        const [q_FMW] = this.attn.project(rows(inputs.normal_FSW), 0, 1) as [Tensor];
        return cast(this.attn.mix(q_FMW, inputs.k_FSW, inputs.v_FSW), 'float32');
      });
      return this.#perceive(add(rows(x_FSW), attended));
    });
  }

  #perceive(x: Tensor): Tensor {
    return add(
      x,
      scope(() => cast(this.mlp.forward(this.#normal(this.ln_2, x)), 'float32')),
    );
  }

  /** Tokens for a product: in the parameters' precision. */
  #normal(norm: LayerNorm, x: Tensor): Tensor {
    return scope(() => cast(norm.forward(x), this.attn.in_proj_weight.value.dtype));
  }
}
