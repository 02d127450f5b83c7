import { linear, scope, zeros, type Tensor } from '@umt/tensor';
import { Module } from './module.ts';
import { Parameter } from './parameter.ts';
import { valueIn } from './value-in.ts';

/** A fully connected layer: x times the transpose of `weight`, plus `bias`. Starts at zero. */
export class Linear extends Module {
  /** [out, in], as PyTorch keeps it. */
  readonly weight: Parameter;
  /** [out]; null for a layer without bias. */
  readonly bias: Parameter | null;

  constructor(inputs: number, outputs: number, options: { readonly bias?: boolean } = {}) {
    super();
    this.weight = new Parameter(zeros([outputs, inputs]));
    this.bias = options.bias === false ? null : new Parameter(zeros([outputs]));
  }

  /** [.., in] -> [.., out], in the precision of x. */
  forward(x: Tensor): Tensor {
    return scope(() => linear(x, valueIn(this.weight, x.dtype), this.bias ? valueIn(this.bias, x.dtype) : undefined));
  }
}
