import { linear, reshape, scope, zeros, type Tensor } from '@umt/tensor';
import { Module, Parameter, valueIn } from '@umt/nn';
import type { TubeletSize } from './token-grid.ts';

/** Size of a patch embedding. */
export interface PatchEmbedOptions extends TubeletSize {
  /** Of the tokens. */
  readonly width: number;
  /** Default true; CLIP's has none. */
  readonly bias?: boolean;
}

/**
 * A Conv3d whose kernel is its stride, with PyTorch's parameters, as the matrix product that it is. Starts at zero.
 */
export class TubeletProjection extends Module {
  /** [D, 3, k, p, p] */
  readonly weight: Parameter;
  /** [D]; null without bias. */
  readonly bias: Parameter | null;

  constructor({ width, frames, patch, bias = true }: PatchEmbedOptions) {
    super();
    this.weight = new Parameter(zeros([width, 3, frames, patch, patch]));
    this.bias = bias ? new Parameter(zeros([width])) : null;
  }

  /** Patch vectors, as from `patchVectors`: [.., 3 k p p] -> [.., D], in their precision. */
  forward(patches: Tensor): Tensor {
    return scope(() => {
      const weight = valueIn(this.weight, patches.dtype);
      const bias = this.bias ? valueIn(this.bias, patches.dtype) : undefined;
      return linear(patches, reshape(weight, [weight.shape[0] ?? 0, -1]), bias);
    });
  }
}

/** The patch embedding under the reference's names: `proj.weight`, `proj.bias`. */
export class PatchEmbed extends Module {
  readonly proj: TubeletProjection;

  constructor(options: PatchEmbedOptions) {
    super();
    this.proj = new TubeletProjection(options);
  }

  /** [B, N, 3 k p p] -> [B, N, D] */
  forward(patches: Tensor): Tensor {
    return this.proj.forward(patches);
  }
}
