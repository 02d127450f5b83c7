import { layerNorm, ones, scope, zeros, type Tensor } from '@umt/tensor';
import { Module } from './module.ts';
import { Parameter } from './parameter.ts';
import { valueIn } from './value-in.ts';

/** Layer normalisation over the last axis, biased variance. Starts at weight 1, bias 0. */
export class LayerNorm extends Module {
  /** [width], multiplies. */
  readonly weight: Parameter;
  /** [width], is added. */
  readonly bias: Parameter;
  /** Under the root. UMT's student has 1e-6, CLIP 1e-5. */
  readonly epsilon: number;

  constructor(width: number, epsilon: number) {
    super();
    this.weight = new Parameter(ones([width]));
    this.bias = new Parameter(zeros([width]));
    this.epsilon = epsilon;
  }

  /** [.., width] -> [.., width], in the precision of x. */
  forward(x: Tensor): Tensor {
    return scope(() => layerNorm(x, valueIn(this.weight, x.dtype), valueIn(this.bias, x.dtype), this.epsilon));
  }
}
