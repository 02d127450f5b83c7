// CLIP's visual tower as UMT's frozen teacher.
// B clips, T frames; F = B T sequences; P patches of a frame, S = 1 + P tokens with the class token first;
// V visible patches of a frame, M = T V of a clip; W width; K returned layers; C width of the features.
// With a tubelet of k frames, T counts tubelets.
import { alignedLayers, LayerNorm, Module, Parameter, valueIn } from '@umt/nn';
import { patchVectors, resizeVideo, TubeletProjection, type TokenGrid } from '@umt/tokenizer';
import {
  add,
  broadcastTo,
  cast,
  concat,
  l2Normalize,
  matmul,
  reshape,
  scope,
  selectTokens,
  slice,
  stack,
  subtract,
  tensorLike,
  withoutGradients,
  zeros,
  type Tensor,
} from '@umt/tensor';
import { ResidualAttentionBlock } from './residual-block.ts';
import { checkTeacherConfig, patchesPerFrame, type TeacherConfig } from './teacher-config.ts';

/** What the teacher says of every token. */
export interface TeacherOutput {
  /** float32 [K, B, T P, C], the shallowest returned layer first. */
  readonly features: Tensor;
  /** float32 [B T, P]: attention of the last layer's class token, averaged over heads; rows sum to less than 1. */
  readonly attention: Tensor;
}

/** What the teacher says of the visible tokens. */
export interface TeacherTarget {
  /** float32 [K, B, M, C], the shallowest returned layer first. */
  readonly features: Tensor;
  /** float32 [B T, P]: attention of the last layer's class token, averaged over heads; rows sum to less than 1. */
  readonly attention: Tensor;
  /** int32 [B, M]: the tokens that were chosen. */
  readonly visible: Tensor;
}

class Transformer extends Module {
  readonly resblocks: readonly ResidualAttentionBlock[];

  constructor({ layers, width, heads }: TeacherConfig) {
    super();
    this.resblocks = Array.from({ length: layers }, () => new ResidualAttentionBlock(width, heads));
  }
}

/**
 * The teacher: parameters under OpenAI's names without `visual.`. It looks at frames one by one, always at all their
 * patches, and nothing it computes is recorded for gradients. A new one is all zeros with norms at (1, 0), to be loaded
 * into; `createRandomTeacher` gives one to try things with.
 */
export class Teacher extends Module {
  /** [W] */
  readonly class_embedding: Parameter;
  /** [1 + P, W], the class token's first. */
  readonly positional_embedding: Parameter;
  /** [W, C], multiplied from the right. */
  readonly proj: Parameter;
  readonly conv1: TubeletProjection;
  readonly ln_pre: LayerNorm;
  readonly transformer: Transformer;
  readonly ln_post: LayerNorm;
  readonly config: TeacherConfig;
  /** Numbers of the returned layers, ascending. */
  readonly alignedLayers: readonly number[];

  /** @throws RangeError naming the field of the configuration that is wrong */
  constructor(config: TeacherConfig) {
    super();
    checkTeacherConfig(config);
    const { width, patch, tubelet, outputWidth } = config;
    this.class_embedding = new Parameter(zeros([width]));
    this.positional_embedding = new Parameter(zeros([1 + patchesPerFrame(config), width]));
    this.proj = new Parameter(zeros([width, outputWidth]));
    this.conv1 = new TubeletProjection({ width, frames: tubelet, patch, bias: false });
    this.ln_pre = new LayerNorm(width, 1e-5);
    this.transformer = new Transformer(config);
    this.ln_post = new LayerNorm(width, 1e-5);
    this.config = config;
    this.alignedLayers = alignedLayers(config.layers, config.alignedLayers, config.layerInterval);
  }

  /** The features of every token: the whole form, as the reference computes it. video [B, T k, H, W, 3], normalised. */
  forward(video_BTHWC: Tensor): TeacherOutput {
    return withoutGradients(() => this.forwardWithGradients(video_BTHWC));
  }

  /**
   * The same with gradients recorded, to check the tower against another implementation; training leaves it frozen.
   *
   * @param video_BTHWC [B, T k, H, W, 3], normalised
   * @param visible int32 token numbers within each clip [B, T V], the same number of every frame, frame after frame: the
   *   others are dropped before the first layer, as the reference's forward with a mask does it. Default all.
   * @returns features [K, B, T V, C] and attention [B T, V] of these tokens
   */
  forwardWithGradients(video_BTHWC: Tensor, visible?: Tensor): TeacherOutput {
    return scope(() => {
      const { kept, last_FSW } = this.#trunk(video_BTHWC, visible);
      const inputs = this.#lastBlock.attentionInputs(last_FSW);
      const attention = cast(this.#lastBlock.classAttention(inputs), 'float32');
      const output_FSW = this.#lastBlock.forward(last_FSW);
      const layers = [...kept, output_FSW].map(withoutClassToken);
      return { features: this.#features(layers, video_BTHWC), attention };
    });
  }

  /**
   * The features of the tokens that `choose` picks by looking at the class attention: what pre-training compares. The last
   * layer first draws its class token's attention, then asks for the chosen tokens alone; earlier layers are reduced to
   * them before norm and projection. Equal to `forward` filtered.
   *
   * @param video_BTHWC [B, T k, H, W, 3], normalised
   * @param choose from the attention [B T, P] to int32 token numbers within each clip [B, T V], the same number of every
   *   frame, frame after frame; for instance `drawVisible` of @umt/masking, or a constant tube mask
   */
  target(video_BTHWC: Tensor, choose: (attention_FP: Tensor) => Tensor): TeacherTarget {
    return withoutGradients(() =>
      scope(() => {
        const { kept, last_FSW } = this.#trunk(video_BTHWC);
        const inputs = this.#lastBlock.attentionInputs(last_FSW);
        const attention = cast(this.#lastBlock.classAttention(inputs), 'float32');
        const visible = choose(attention);
        const tokens_FV = rowsOfFrames(visible, last_FSW);
        const rows = (x_FSW: Tensor) => selectTokens(x_FSW, tokens_FV);
        const output_FVW = this.#lastBlock.forwardRows(last_FSW, inputs, rows);
        return { features: this.#features([...kept.map(rows), output_FVW], video_BTHWC), attention, visible };
      }),
    );
  }

  /**
   * The features of given tokens, however they fall on the frames: for random masks.
   *
   * @param video_BTHWC [B, T k, H, W, 3], normalised
   * @param visible int32 [B, M], token numbers within each clip, unique
   * @param grid the tokens of a clip that the numbers are meant for
   * @returns float32 [K, B, M, C]
   * @throws RangeError when the teacher's tokens are not those of `grid`
   */
  targetAt(video_BTHWC: Tensor, visible: Tensor, grid?: TokenGrid): Tensor {
    if (grid) this.#checkGrid(video_BTHWC, grid);
    return withoutGradients(() =>
      scope(() => {
        const { kept, last_FSW } = this.#trunk(video_BTHWC);
        const batch = video_BTHWC.shape[0] ?? 0;
        const layers = [...kept, this.#lastBlock.forward(last_FSW)].map((x_FSW) =>
          selectTokens(reshape(withoutClassToken(x_FSW), [batch, -1, this.config.width]), visible),
        );
        return this.#features(layers, video_BTHWC);
      }),
    );
  }

  #checkGrid(video_BTHWC: Tensor, { frames, rows, columns }: TokenGrid): void {
    const { resolution, patch, tubelet } = this.config;
    const side = resolution / patch;
    const own = (video_BTHWC.shape[1] ?? 0) / tubelet;
    if (frames === own && rows === side && columns === side) return;
    throw new RangeError(
      `teacher: a clip has ${own} x ${side} x ${side} tokens where ${frames} x ${rows} x ${columns} are meant; choose its resolution and tubelet for the same grid`,
    );
  }

  get #lastBlock(): ResidualAttentionBlock {
    const block = this.transformer.resblocks.at(-1);
    if (!block) throw new Error('teacher: it has no layers');
    return block;
  }

  /** All layers but the last: its input, and the outputs [F, S, W] of those that are returned, ascending. */
  #trunk(video_BTHWC: Tensor, visible?: Tensor): { readonly kept: readonly Tensor[]; readonly last_FSW: Tensor } {
    return scope(() => {
      const kept: Tensor[] = [];
      const all_FSW = this.#embed(video_BTHWC);
      let x_FSW = visible ? selectTokens(all_FSW, withClassRow(rowsOfFrames(visible, all_FSW))) : all_FSW;
      for (const [index, block] of this.transformer.resblocks.slice(0, -1).entries()) {
        const next = block.forward(x_FSW);
        if (kept.at(-1) !== x_FSW) x_FSW.dispose();
        x_FSW = next;
        if (this.alignedLayers.includes(index)) kept.push(x_FSW);
      }
      return { kept, last_FSW: x_FSW };
    });
  }

  /** [B, T k, H, W, 3] -> float32 [F, S, W] */
  #embed(video_BTHWC: Tensor): Tensor {
    const { resolution, tubelet, patch, width } = this.config;
    return scope(() => {
      const weight = this.conv1.weight.value;
      const resized = resizeVideo(cast(video_BTHWC, weight.dtype), resolution, resolution);
      const patches = patchVectors(resized, { frames: tubelet, patch });
      const embedded = cast(this.conv1.forward(patches), 'float32');
      const tokens_FPW = reshape(embedded, [-1, patchesPerFrame(this.config), width]);
      const frames = tokens_FPW.shape[0] ?? 0;
      const classToken = reshape(valueIn(this.class_embedding, 'float32'), [1, 1, width]);
      const tokens_FSW = concat([broadcastTo(classToken, [frames, 1, width]), tokens_FPW], 1);
      return this.ln_pre.forward(add(tokens_FSW, valueIn(this.positional_embedding, 'float32')));
    });
  }

  /** Norm, projection and normalisation, shared by all returned layers: K tensors [F, .., W] -> float32 [K, B, tokens, C]. */
  #features(layers: readonly Tensor[], video_BTHWC: Tensor): Tensor {
    const { width, outputWidth, normalize } = this.config;
    return scope(() => {
      const perLayer = layers.map((x) =>
        scope(() => {
          const { value } = this.proj;
          const normal = cast(reshape(this.ln_post.forward(x), [-1, width]), value.dtype);
          const projected = cast(matmul(normal, value), 'float32');
          return normalize === 'l2' ? l2Normalize(projected) : projected;
        }),
      );
      return reshape(stack(perLayer), [layers.length, video_BTHWC.shape[0] ?? 0, -1, outputWidth]);
    });
  }
}

/** [F, S, W] -> [F, P, W] */
function withoutClassToken(x_FSW: Tensor): Tensor {
  return slice(x_FSW, [0, 1, 0], [-1, -1, -1]);
}

/** Row numbers within a frame [F, V] after that of the class token: [F, 1 + V] */
function withClassRow(rows_FV: Tensor): Tensor {
  const frames = rows_FV.shape[0] ?? 0;
  return concat([tensorLike(rows_FV, new Int32Array(frames), [frames, 1], 'int32'), rows_FV], 1);
}

/** Token numbers within a clip [B, T V] as row numbers within a frame [F, V], where row 0 is the class token. */
function rowsOfFrames(visible: Tensor, x_FSW: Tensor): Tensor {
  const [frames = 0, tokens = 0] = x_FSW.shape;
  const [batch = 0, count = 0] = visible.shape;
  const clipFrames = frames / batch;
  if (visible.shape.length !== 2 || !Number.isInteger(clipFrames) || !Number.isInteger(count / clipFrames)) {
    throw new RangeError(
      `teacher: ${frames} frames need chosen tokens [B, T V], the same number of each frame, got [${visible.shape.join(', ')}]; use targetAt for others`,
    );
  }
  return scope(() => {
    const before = Int32Array.from({ length: frames }, (_, frame) => (frame % clipFrames) * (tokens - 1) - 1);
    const rows_FV = reshape(visible, [frames, count / clipFrames]);
    return subtract(rows_FV, tensorLike(visible, before, [frames, 1], 'int32'));
  });
}
