// D width of the student, C width of a teacher's features.
import { LayerNorm, Linear, Module } from '@umt/nn';
import { gelu, l2Normalize, scope, type Tensor } from '@umt/tensor';

/** What the student learns from one teacher. */
export interface AlignmentTarget {
  /** K, how many of the student's last layers are aligned with the teacher. */
  readonly alignedLayers: number;
  /** Distance between aligned layers; may be fractional. */
  readonly layerInterval: number;
  /** C, the width of the teacher's features. */
  readonly targetWidth: number;
  /** Whether the student's output is L2-normalised, as the teacher's then must be too. */
  readonly normalize: 'l2' | 'none';
  /** What brings an aligned layer to the teacher's width: UMT has a `linear` head; `mlp` has a hidden layer of width D. */
  readonly head: 'linear' | 'mlp';
}

/** Brings one aligned layer to the teacher's width: Linear, LayerNorm and, by configuration, L2 normalisation. */
export class AlignmentHead extends Module {
  readonly head: Linear;
  readonly norm: LayerNorm;
  readonly #normalize: AlignmentTarget['normalize'];

  constructor(width: number, targetWidth: number, normalize: AlignmentTarget['normalize']) {
    super();
    this.head = new Linear(width, targetWidth);
    this.norm = new LayerNorm(targetWidth, 1e-6);
    this.#normalize = normalize;
  }

  /** [.., D] -> [.., C] */
  forward(x: Tensor): Tensor {
    const features = this.norm.forward(this.head.forward(x));
    return this.#normalize === 'l2' ? l2Normalize(features) : features;
  }
}

/** The exact GELU as a step between layers. It has no parameters. */
class Gelu extends Module {
  forward(x: Tensor): Tensor {
    return gelu(x);
  }
}

/**
 * An alignment head with a hidden layer: Linear D -> D, exact GELU, Linear D -> C, then LayerNorm and, by configuration, L2
 * normalisation. Its parameters are named like those of a PyTorch `Sequential`: `head.0.weight` [D, D], `head.0.bias`,
 * `head.2.weight` [C, D], `head.2.bias`, `norm.weight` [C], `norm.bias`.
 */
export class MlpAlignmentHead extends Module {
  readonly head: readonly [Linear, Gelu, Linear];
  readonly norm: LayerNorm;
  readonly #normalize: AlignmentTarget['normalize'];

  constructor(width: number, targetWidth: number, normalize: AlignmentTarget['normalize']) {
    super();
    this.head = [new Linear(width, width), new Gelu(), new Linear(width, targetWidth)];
    this.norm = new LayerNorm(targetWidth, 1e-6);
    this.#normalize = normalize;
  }

  /** [.., D] -> [.., C] */
  forward(x: Tensor): Tensor {
    return scope(() => {
      const features = this.norm.forward(this.head.reduce<Tensor>((y, layer) => layer.forward(y), x));
      return this.#normalize === 'l2' ? l2Normalize(features) : features;
    });
  }
}

/** The heads for one teacher, the shallowest aligned layer's first. */
export function alignmentHeads(
  width: number,
  { alignedLayers, targetWidth, normalize, head }: AlignmentTarget,
): readonly (AlignmentHead | MlpAlignmentHead)[] {
  const Head = head === 'mlp' ? MlpAlignmentHead : AlignmentHead;
  return Array.from({ length: alignedLayers }, () => new Head(width, targetWidth, normalize));
}

/** The heads for a teacher beyond the first. */
export class ExtraTeacherHeads extends Module {
  readonly decoder: readonly (AlignmentHead | MlpAlignmentHead)[];

  constructor(width: number, target: AlignmentTarget) {
    super();
    this.decoder = alignmentHeads(width, target);
  }
}
