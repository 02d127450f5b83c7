// B clips, T frames, k frames of a tubelet, t = T / k; P patches of a frame, N = t P tokens of a clip, M of them chosen;
// K returned layers, C width of the features.
import { l2Normalize, reshape, scope, selectTokens, stack, withoutGradients, type Tensor } from '@umt/tensor';
import { tokenCount, type TokenGrid } from '@umt/tokenizer';

/**
 * Any frozen encoder that a student can learn from. `Teacher` of @umt/clip is one; `frozenTeacher` makes one of a function of
 * videos, `frozenImageTeacher` of a function of images. It must have the student's tokens: the same patch grid, and where
 * the student has tubelets of k frames one feature for each k frames.
 */
export interface FrozenTeacher {
  /**
   * The features of the tokens that `choose` picks by the teacher's attention.
   * @param video_BTHWC [B, T, H, W, 3], normalised
   * @param choose from the attention [B t, P] to int32 token numbers within each clip [B, M], ascending
   */
  target(video_BTHWC: Tensor, choose: (attention_FP: Tensor) => Tensor): FrozenTarget;
  /**
   * The features of given tokens.
   * @param visible int32 [B, M], token numbers within each clip
   * @param grid the student's tokens, for a teacher to find that its own are others
   * @returns [K, B, M, C]
   */
  targetAt(video_BTHWC: Tensor, visible: Tensor, grid: TokenGrid): Tensor;
}

/** A teacher's tokens are not the student's, so that there is nothing to compare. */
export class TeacherGridError extends Error {
  override readonly name = 'TeacherGridError';
}

/** What a teacher says of chosen tokens. */
export interface FrozenTarget {
  /** [K, B, M, C], the shallowest returned layer first. */
  readonly features: Tensor;
  /** float32 [B t, P], not negative: how much each patch matters. */
  readonly attention: Tensor;
  /** int32 [B, M]: the tokens that were chosen. */
  readonly visible: Tensor;
}

/** An encoder's answer for every token. */
export interface TokenFeatures {
  /** [K, B, N, C]; unit vectors where the alignment is `l2`, unless the teacher is made with `normalize: 'l2'`. */
  readonly features: Tensor;
  /** float32 [B t, P], not negative: how much each patch matters. Needed for attention masks only. */
  readonly attention?: Tensor;
}

/** What is done with an encoder's answer. */
export interface FrozenTeacherOptions {
  /** `l2` brings the features of the chosen tokens to unit length, as the `l2` alignment needs. Default `none`. */
  readonly normalize?: 'l2' | 'none';
}

/**
 * Makes a teacher of any encoder: a function from a video [B, T, H, W, 3] to the features of all its tokens. It runs
 * outside the gradient tape, and its results are reduced to the tokens that are asked for.
 *
 * @throws Error at the first step, when an attention mask is asked for and the encoder gives no attention
 * @throws TeacherGridError at the first step, when the encoder's tokens are not the student's
 */
export function frozenTeacher(
  encode: (video_BTHWC: Tensor) => TokenFeatures,
  { normalize = 'none' }: FrozenTeacherOptions = {},
): FrozenTeacher {
  const chosen = (features: Tensor, visible: Tensor) => {
    const selected = selectOfLayers(features, visible);
    return normalize === 'l2' ? l2Normalize(selected) : selected;
  };
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
          const clips = video.shape[0] ?? 0;
          checkFeatures(features, clips, attention.size / clips, 'its attention has');
          const visible = choose(attention);
          return { features: chosen(features, visible), attention, visible };
        }),
      );
    },
    targetAt(video, visible, grid) {
      return withoutGradients(() =>
        scope(() => {
          const { features } = encode(video);
          checkFeatures(features, video.shape[0] ?? 0, tokenCount(grid), `the student has ${show(grid)} =`);
          return chosen(features, visible);
        }),
      );
    },
  };
}

/**
 * Checks a teacher's attention against the student's tokens, before a mask is drawn from it.
 *
 * @throws TeacherGridError when it is not [clips t, P]
 */
export function checkAttention(attention_FP: Tensor, clips: number, grid: TokenGrid): void {
  const [rows = 0, patches = 0] = attention_FP.shape;
  if (attention_FP.shape.length === 2 && rows === clips * grid.frames && patches === grid.rows * grid.columns) return;
  throw new TeacherGridError(
    `the teacher gives attention [${attention_FP.shape.join(', ')}] for ${clips} clips, where the student has ${show(grid)} tokens ` +
      `of each, [${clips * grid.frames}, ${grid.rows * grid.columns}]; ${REMEDY}`,
  );
}

const REMEDY = "resize the teacher's input to give both the same patch grid, and both tubelets of the same frames";

function checkFeatures(features: Tensor, clips: number, tokens: number, whoHas: string): void {
  const { shape } = features;
  if (shape.length === 4 && shape[1] === clips && shape[2] === tokens) return;
  throw new TeacherGridError(
    `the teacher gives features [${shape.join(', ')}] for ${clips} clips, expected [layers, ${clips}, ${tokens}, width]: ` +
      `${whoHas} ${tokens} tokens of each; ${REMEDY}`,
  );
}

function show({ frames, rows, columns }: TokenGrid): string {
  return `${frames} x ${rows} x ${columns}`;
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
