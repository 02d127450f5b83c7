// VideoMAE, the baseline that predicts pixels: encoder on the visible tokens, light decoder on all of them.
// B clips, T frames of H x W pixels; N tokens, M of them visible, R masked ones to be predicted; D width of the encoder,
// E of the decoder; k frames of a tubelet, p pixels of a patch.
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
  xavierUniform,
} from '@umt/nn';
import { addPositions, patchVectors, sinusoidTable, tokenCount } from '@umt/tokenizer';
import { concat, keep, reshape, scope, slice, tensor, zeros, type Tensor } from '@umt/tensor';
import { checkVideo } from './check-size.ts';
import { Encoder } from './encoder.ts';
import { runBlocks, type ForwardContext } from './run-block.ts';
import { checkVideoMaeConfig, decoderHeadWidth, videoMaeGrid, type VideoMaeConfig } from './video-mae-config.ts';

/** The decoder: blocks over all tokens, then norm and pixel head on those to be predicted. */
export class VideoMaeDecoder extends Module {
  readonly blocks: readonly Block[];
  readonly norm: LayerNorm;
  readonly head: Linear;
  /** DropPath rate of each block. */
  readonly dropPathRates: readonly number[];
  readonly #firstBlock: number;

  constructor(config: VideoMaeConfig) {
    super();
    const { decoderWidth: width, decoderDepth: depth, decoderHeads: heads } = config;
    const { mlpRatio, initValues, qkvBias } = config;
    this.blocks = Array.from({ length: depth }, () => new Block({ width, heads, mlpRatio, initValues, qkvBias }));
    this.norm = new LayerNorm(width, 1e-6);
    this.head = new Linear(width, decoderHeadWidth(config));
    this.dropPathRates = dropPathRates(config.dropPath, depth);
    this.#firstBlock = config.depth;
  }

  /**
   * @param tokens_BNE [B, M + R, E], those to be predicted last
   * @param predicted R
   * @returns [B, R, 3 k p p]
   */
  forward(tokens_BNE: Tensor, predicted: number, context: ForwardContext = {}): Tensor {
    return scope(() => {
      const places = { rates: this.dropPathRates, first: this.#firstBlock };
      const { last } = runBlocks(this.blocks, reshape(tokens_BNE, tokens_BNE.shape), places, context);
      const seen = (tokens_BNE.shape[1] ?? 0) - predicted;
      return this.head.forward(this.norm.forward(slice(last, [0, seen, 0], [-1, -1, -1])));
    });
  }
}

/**
 * The VideoMAE pre-training model: parameters under the reference's names, 218 tensors with 94 210 944 elements for B/16.
 * Position tables have exactly the N tokens of the configuration and the head 3 k p p outputs, where the reference's work for
 * 1568 tokens and tubelets of 2 x 16 x 16 alone; in that case they are the same. A new one is all zeros with norms at (1, 0),
 * to be loaded into; `createVideoMae` gives it the reference's initial values.
 *
 * Where blocks are counted over the whole model (DropPath factors, recomputation), the decoder's follow the encoder's.
 */
export class VideoMae extends Module {
  /** [1, 1, E], what stands for a token that is to be predicted. */
  readonly mask_token: Parameter;
  readonly encoder: Encoder;
  readonly decoder: VideoMaeDecoder;
  readonly encoder_to_decoder: Linear;
  readonly config: VideoMaeConfig;
  /** DropPath rate of each block: the encoder's, then the decoder's. */
  readonly dropPathRates: readonly number[];
  readonly #encoderPositions_ND: Tensor;
  readonly #decoderPositions_NE: Tensor;

  /** @throws RangeError naming the field of the configuration that is wrong */
  constructor(config: VideoMaeConfig) {
    super();
    checkVideoMaeConfig(config);
    const { width, decoderWidth } = config;
    this.mask_token = new Parameter(zeros([1, 1, decoderWidth]));
    this.encoder = new Encoder(config);
    this.decoder = new VideoMaeDecoder(config);
    this.encoder_to_decoder = new Linear(width, decoderWidth, { bias: false });
    this.config = config;
    this.dropPathRates = [...this.encoder.dropPathRates, ...this.decoder.dropPathRates];
    const positions = tokenCount(videoMaeGrid(config));
    const table = (channels: number) => keep(tensor(sinusoidTable(positions, channels), [positions, channels]));
    this.#encoderPositions_ND = table(width);
    this.#decoderPositions_NE = table(decoderWidth);
  }

  /**
   * Predicts the pixels of masked tokens from the visible ones.
   *
   * @param video_BTHWC [B, T, H, W, 3], normalised
   * @param visible int32 [B, M], the tokens the encoder sees, ascending as in the reference
   * @param masked int32 [B, R], the tokens to be predicted: all others in the reference, some of them where that is enough
   * @returns [B, R, 3 k p p], to be compared with `videoMaeTarget` of @umt/losses
   * @throws RangeError when the video is not of the configured size, or visible and masked are not for its clips
   */
  forward(video_BTHWC: Tensor, visible: Tensor, masked: Tensor, context: ForwardContext = {}): Tensor {
    const { tubelet, patch } = this.config;
    checkVideo('VideoMAE', video_BTHWC, this.config);
    return scope(() => {
      const patches_BMV = patchVectors(video_BTHWC, { frames: tubelet, patch }, visible);
      return this.forwardPatches(patches_BMV, visible, masked, context);
    });
  }

  /**
   * The same from the patch vectors of the visible tokens alone, as `patchVectors` of @umt/tokenizer cuts them.
   *
   * @param patches_BMV [B, M, 3 k p p]
   * @param visible int32 [B, M]
   * @param masked int32 [B, R]
   * @throws RangeError when their first axes differ
   */
  forwardPatches(patches_BMV: Tensor, visible: Tensor, masked: Tensor, context: ForwardContext = {}): Tensor {
    const [batch = 0, count = 0] = masked.shape;
    if (masked.shape.length !== 2 || batch !== visible.shape[0]) {
      throw new RangeError(
        `VideoMAE: expected masked tokens [${visible.shape[0]}, R], got [${masked.shape.join(', ')}]`,
      );
    }
    return scope(() => {
      const positions = this.#decoderPositions_NE;
      const visible_BME = addPositions(this.#encode(patches_BMV, visible, context), positions, visible);
      const masked_BRE = addPositions(this.mask_token.value, positions, masked);
      return this.decoder.forward(concat([visible_BME, masked_BRE], 1), count, context);
    });
  }

  /** The normalised last layer, at the decoder's width: [B, M, E] */
  #encode(patches_BMV: Tensor, visible: Tensor, context: ForwardContext): Tensor {
    const last = this.config.depth - 1;
    return scope(() => {
      const layers = this.encoder.forward(patches_BMV, this.#encoderPositions_ND, visible, [last], context);
      const [features] = [...layers.values()].map((x_BMD) => this.encoder.norm.forward(x_BMD));
      if (!features) throw new Error('VideoMAE: the encoder has no blocks');
      return this.encoder_to_decoder.forward(features);
    });
  }

  override dispose(): void {
    super.dispose();
    this.#encoderPositions_ND.dispose();
    this.#decoderPositions_NE.dispose();
  }
}

/**
 * A VideoMAE with the reference's initial values: Linears Xavier-uniform with zero biases, except `encoder_to_decoder`, which
 * stays as PyTorch makes it; the patch embedding as PyTorch leaves a convolution; the mask token normal with std 0.02, cut at
 * 0.02; norms at (1, 0).
 */
export function createVideoMae(config: VideoMaeConfig, { seed }: { readonly seed: number }): VideoMae {
  const model = new VideoMae(config);
  initialize(model, seed, (name, { shape }) => {
    if (name === 'mask_token') return truncatedNormal(0.02, 0.02);
    if (name === 'encoder_to_decoder.weight') return torchDefault(config.width);
    if (name.startsWith('encoder.patch_embed.')) return torchDefault(decoderHeadWidth(config));
    return shape.length === 2 ? xavierUniform : null;
  });
  return model;
}
