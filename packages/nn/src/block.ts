import { add, full, multiply, scope, type Tensor } from '@umt/tensor';
import { Attention, type AttentionBiases } from './attention.ts';
import { dropPath, type BlockKeep } from './drop-path.ts';
import { LayerNorm } from './layer-norm.ts';
import { Mlp } from './mlp.ts';
import { Module } from './module.ts';
import { Parameter } from './parameter.ts';
import { valueIn } from './value-in.ts';

/** The size of a transformer block. */
export interface BlockOptions extends AttentionBiases {
  readonly width: number;
  readonly heads: number;
  /** Width of the MLP's hidden layer as a multiple of the width. Default 4. */
  readonly mlpRatio?: number;
  /** LayerScale: where positive, both branches are scaled by learned vectors that start at this value. Default 0. */
  readonly initValues?: number;
  /** Of the layer norms. Default 1e-6. */
  readonly epsilon?: number;
}

/** A pre-norm transformer block of the student: x + DropPath(gamma_1 Attention(norm1 x)), then the same with the MLP. */
export class Block extends Module {
  /** [D]; null without LayerScale. */
  readonly gamma_1: Parameter | null;
  /** [D]; null without LayerScale. */
  readonly gamma_2: Parameter | null;
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;

  constructor({ width, heads, mlpRatio = 4, initValues = 0, epsilon = 1e-6, qkvBias = true }: BlockOptions) {
    super();
    const layerScale = () => (initValues > 0 ? new Parameter(full([width], initValues)) : null);
    this.gamma_1 = layerScale();
    this.gamma_2 = layerScale();
    this.norm1 = new LayerNorm(width, epsilon);
    this.attn = new Attention(width, heads, { qkvBias });
    this.norm2 = new LayerNorm(width, epsilon);
    this.mlp = new Mlp(width, Math.trunc(width * mlpRatio));
  }

  /**
   * [B, N, D] -> [B, N, D]
   *
   * @param keep the DropPath factors of this block; none outside training or where its rate is 0
   */
  forward(x_BND: Tensor, keep?: BlockKeep): Tensor {
    return scope(() => {
      const attended = scope(() => this.attn.forward(this.norm1.forward(x_BND)));
      const x = add(x_BND, branch(attended, this.gamma_1, keep?.attention));
      const transformed = scope(() => this.mlp.forward(this.norm2.forward(x)));
      return add(x, branch(transformed, this.gamma_2, keep?.mlp));
    });
  }
}

function branch(y: Tensor, gamma: Parameter | null, keep: Tensor | undefined): Tensor {
  const scaled = gamma ? multiply(y, valueIn(gamma, y.dtype)) : y;
  return keep ? dropPath(scaled, keep) : scaled;
}
