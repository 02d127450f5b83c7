import type { Tensor } from './tensor.ts';

/** A mutable cell that holds a tensor, such as a Parameter of @umt/nn. */
export interface Variable {
  readonly value: Tensor;
}

/** What gradients are taken with respect to: tensors (inputs) or variables (parameters). */
export type GradientSource = Tensor | Variable;

export interface ValueAndGradOptions<S extends GradientSource> {
  /**
   * Called once per source, as soon as its gradient is final, while the backward pass goes on: accumulation and all-reduce
   * hang here. The callee owns the gradient, and the result then holds no gradients.
   */
  readonly onGradient?: (source: S, gradient: Tensor, index: number) => void;
}
