// B clips, T frames, P patches of a frame, M chosen tokens of a clip, K returned layers, C width of the features.
import { reshape, scope, selectTokens, stack, withoutGradients, type Tensor } from '@umt/tensor';

/** Any frozen encoder that a student can learn from. `Teacher` of @umt/clip is one; `frozenTeacher` makes one of a function. */
export interface FrozenTeacher {
  /**
   * The features of the tokens that `choose` picks by the teacher's attention.
   * @param video_BTHWC [B, T, H, W, 3], normalised
   * @param choose from the attention [B T, P] to int32 token numbers within each clip [B, M], ascending
   */
  target(video_BTHWC: Tensor, choose: (attention_FP: Tensor) => Tensor): FrozenTarget;
  /**
   * The features of given tokens.
   * @param visible int32 [B, M], token numbers within each clip
   * @returns [K, B, M, C]
   */
  targetAt(video_BTHWC: Tensor, visible: Tensor): Tensor;
}

/** What a teacher says of chosen tokens. */
export interface FrozenTarget {
  /** [K, B, M, C], the shallowest returned layer first. */
  readonly features: Tensor;
  /** float32 [B T, P], not negative: how much each patch matters. */
  readonly attention: Tensor;
  /** int32 [B, M]: the tokens that were chosen. */
  readonly visible: Tensor;
}

/** An encoder's answer for every token. */
export interface TokenFeatures {
  /** [K, B, T P, C], unit vectors where the alignment is `l2`. */
  readonly features: Tensor;
  /** float32 [B T, P], not negative: how much each patch matters. Needed for attention masks only. */
  readonly attention?: Tensor;
}

/**
 * Makes a teacher of any encoder: a function from a video [B, T, H, W, 3] to the features of all its tokens. It runs
 * outside the gradient tape, and its results are reduced to the tokens that are asked for.
 *
 * @throws Error at the first step, when an attention mask is asked for and the encoder gives no attention
 */
export function frozenTeacher(encode: (video_BTHWC: Tensor) => TokenFeatures): FrozenTeacher {
  return {
    target(video, choose) {
      return withoutGradients(() =>
        scope(() => {
          const { features, attention } = encode(video);
          if (!attention) {
            throw new Error(
              "the teacher gives no attention, so mask.kind cannot be 'attention'; use 'tube' or 'random'",
            );
          }
          const visible = choose(attention);
          return { features: selectOfLayers(features, visible), attention, visible };
        }),
      );
    },
    targetAt(video, visible) {
      return withoutGradients(() => scope(() => selectOfLayers(encode(video).features, visible)));
    },
  };
}

/** The features of some tokens of each clip, of every layer the same: [K, B, N, C] by int32 [B, M] -> [K, B, M, C]. */
export function selectOfLayers(features_KBNC: Tensor, visible_BM: Tensor): Tensor {
  const [layers = 0, batch = 0, tokens = 0, width = 0] = features_KBNC.shape;
  const count = visible_BM.shape[1] ?? 0;
  return scope(() => {
    const merged = reshape(features_KBNC, [layers * batch, tokens, width]);
    const repeated = reshape(stack(Array.from({ length: layers }, () => visible_BM)), [layers * batch, count]);
    return reshape(selectTokens(merged, repeated), [layers, batch, count, width]);
  });
}
