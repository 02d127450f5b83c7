import { gelu, type Tensor } from '@umt/tensor';
import { Linear } from './linear.ts';
import { Module } from './module.ts';

/** The two-layer perceptron of a transformer block: fc1, exact GELU, fc2. */
export class Mlp extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(width: number, hiddenWidth: number) {
    super();
    this.fc1 = new Linear(width, hiddenWidth);
    this.fc2 = new Linear(hiddenWidth, width);
  }

  /** [.., width] -> [.., width] */
  forward(x: Tensor): Tensor {
    return this.fc2.forward(gelu(this.fc1.forward(x)));
  }
}
