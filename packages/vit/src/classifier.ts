// The video classifier that UMT is fine-tuned as.
// B clips, T frames of H x W pixels; N tokens; D width.
import {
  Block,
  dropPathRates,
  initialize,
  LayerNorm,
  Linear,
  Module,
  Parameter,
  torchDefault,
  truncatedNormal,
} from '@umt/nn';
import { addPositions, PatchEmbed, patchVectors } from '@umt/tokenizer';
import {
  cast,
  keep,
  mean,
  multiply,
  reshape,
  scope,
  slice,
  stopGradient,
  tensor,
  type Shape,
  type Tensor,
} from '@umt/tensor';
import { checkVideo } from './check-size.ts';
import { checkClassifierConfig, type ClassifierConfig } from './classifier-config.ts';
import { classifierPositions, hasOwnPositions } from './classifier-positions.ts';
import { runBlocks, type ForwardContext } from './run-block.ts';

/** What a forward pass of a classifier is given besides its input. */
export interface ClassifierContext extends ForwardContext {
  /** Keep factors [B, D] before the head, from `dropoutFactors`. Training only: without them nothing is dropped. */
  readonly dropout?: Tensor;
}

/** What a classifier says of clips. */
export interface ClassifierOutput {
  /** [B, classes] */
  readonly logits: Tensor;
  /** [B, D], pooled and normalised, before dropout: what stands for a clip. */
  readonly features: Tensor;
  /** [B, N, D], the last block's; normalised where the first one stands for the clip. */
  readonly tokens: Tensor;
}

/**
 * The classifier: parameters under the reference's names, 162 tensors for B/16. Where its clips do not have as many tokens as
 * those of pre-training, the position table is one of them, `pos_embed` [1, N, D]; no gradient ever reaches it, as in the
 * reference. A new one is all zeros with norms at (1, 0) and its sine table, to be loaded into; `createClassifier` gives it the
 * reference's initial values.
 */
export class Classifier extends Module {
  /** [1, N, D]; null where the table is a constant. */
  readonly pos_embed: Parameter | null;
  readonly patch_embed: PatchEmbed;
  readonly blocks: readonly Block[];
  /** Of all tokens; null with mean pooling. */
  readonly norm: LayerNorm | null;
  /** Of the mean; null with first-token pooling. */
  readonly fc_norm: LayerNorm | null;
  readonly head: Linear;
  readonly config: ClassifierConfig;
  /** DropPath rate of each block. */
  readonly dropPathRates: readonly number[];
  readonly #positions: Tensor | null;

  /** @throws RangeError naming the field of the configuration that is wrong */
  constructor(config: ClassifierConfig) {
    super();
    checkClassifierConfig(config);
    const { width, depth, heads, mlpRatio, initValues, qkvBias, tubelet, patch, pooling, classes, dropPath } = config;
    const table = classifierPositions(config);
    const positions_1ND = tensor(table, [1, table.length / width, width]);
    this.pos_embed = hasOwnPositions(config) ? new Parameter(positions_1ND, { trainable: false }) : null;
    this.#positions = this.pos_embed ? null : keep(positions_1ND);
    this.patch_embed = new PatchEmbed({ width, frames: tubelet, patch });
    this.blocks = Array.from({ length: depth }, () => new Block({ width, heads, mlpRatio, initValues, qkvBias }));
    this.norm = pooling === 'first-token' ? new LayerNorm(width, 1e-6) : null;
    this.fc_norm = pooling === 'mean' ? new LayerNorm(width, 1e-6) : null;
    this.head = new Linear(width, classes);
    this.config = config;
    this.dropPathRates = dropPathRates(dropPath, depth);
  }

  /**
   * @param video_BTHWC [B, T, H, W, 3], normalised
   * @throws RangeError when the video is not of the configured size
   */
  forward(video_BTHWC: Tensor, context: ClassifierContext = {}): ClassifierOutput {
    const { tubelet, patch } = this.config;
    checkVideo('classifier', video_BTHWC, this.config);
    return scope(() => {
      const embedded_BND = scope(() => {
        const patches = patchVectors(video_BTHWC, { frames: tubelet, patch });
        return addPositions(this.patch_embed.forward(patches), this.#table());
      });
      const { last } = runBlocks(this.blocks, embedded_BND, { rates: this.dropPathRates }, context);
      const tokens = this.norm?.forward(last) ?? last;
      const features = this.fc_norm?.forward(mean(tokens, { axes: 1 })) ?? firstToken(tokens);
      const { dropout } = context;
      const kept = dropout ? multiply(features, cast(dropout, features.dtype)) : features;
      return { logits: this.head.forward(kept), features, tokens };
    });
  }

  /** [N, D] */
  #table(): Tensor {
    const positions_1ND = this.pos_embed?.value ?? this.#positions;
    if (!positions_1ND) throw new Error('classifier: it has no positions');
    return reshape(stopGradient(positions_1ND), positions_1ND.shape.slice(1));
  }

  override dispose(): void {
    super.dispose();
    this.#positions?.dispose();
  }
}

/**
 * A classifier with the reference's initial values: Linears normal with std 0.02, cut at 2, with zero biases, the head's times
 * `initScale`; the patch embedding as PyTorch leaves a convolution; norms at (1, 0).
 */
export function createClassifier(config: ClassifierConfig, { seed }: { readonly seed: number }): Classifier {
  const classifier = new Classifier(config);
  const weights = truncatedNormal(0.02, 2);
  initialize(classifier, seed, (name, { shape }) => {
    if (name.startsWith('patch_embed.')) return torchDefault(3 * config.tubelet * config.patch ** 2);
    if (name === 'head.weight') {
      return (size: Shape, stream) => weights(size, stream).map((value) => value * config.initScale);
    }
    return shape.length === 2 ? weights : null;
  });
  return classifier;
}

/** [B, N, D] -> [B, D] */
function firstToken(tokens_BND: Tensor): Tensor {
  const [, , width = 0] = tokens_BND.shape;
  return reshape(slice(tokens_BND, [0, 0, 0], [-1, 1, -1]), [-1, width]);
}
