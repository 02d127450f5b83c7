import { initialize, Linear, Module, truncatedNormal } from '@umt/nn';
import type { Tensor } from '@umt/tensor';

/** Size of a probe: a head that is trained on the features of a frozen model. */
export interface ProbeConfig {
  /** D, the width of the features. */
  readonly width: number;
  readonly classes: number;
}

/** A linear classifier of pooled features: the cheapest way to use a frozen model. Starts at zero. */
export class LinearProbe extends Module {
  readonly head: Linear;

  constructor({ width, classes }: ProbeConfig) {
    super();
    this.head = new Linear(width, classes);
  }

  /** Pooled features [B, D], such as a classifier's `features`, -> logits [B, classes] */
  forward(features_BD: Tensor): Tensor {
    return this.head.forward(features_BD);
  }
}

/** A linear probe whose weights are normal with std 0.02, as those of the reference's classifiers. */
export function createLinearProbe(config: ProbeConfig, { seed }: { readonly seed: number }): LinearProbe {
  const probe = new LinearProbe(config);
  initialize(probe, seed, (_, { shape }) => (shape.length === 2 ? truncatedNormal(0.02, 2) : null));
  return probe;
}
