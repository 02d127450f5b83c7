// B clips, T frames of H x W pixels; t x h x w tokens, N together; M of them visible; a tubelet has k frames of p x p.
import { reshape, scope, selectTokens, transpose, type Tensor } from '@umt/tensor';
import { tokenCount, tokenGrid, type TubeletSize } from './token-grid.ts';

/**
 * Cuts a video into the patch vectors that the patch embedding multiplies: [B, T, H, W, 3] -> [B, N, 3 k p p], the
 * elements of a vector in (channel, frame, row, column) order, as a PyTorch Conv3d weight has them.
 *
 * @param visible int32 [B, M], unique per clip: only these tokens, in this order: -> [B, M, 3 k p p]. What is dropped is
 *   never brought into patch order, let alone embedded.
 * @throws RangeError when the video does not split into tubelets
 */
export function patchVectors(video_BTHWC: Tensor, size: TubeletSize, visible?: Tensor): Tensor {
  return scope(() => {
    const tubelets = cutTubelets(video_BTHWC, size);
    return channelFirst(visible ? selectTokens(tubelets, visible) : tubelets);
  });
}

/**
 * [B, T, H, W, 3] -> [B, N, k p p, 3]. Every axis order here is one that merging neighbours brings down to four axes or
 * fewer: beyond that, transposing is very slow on some engines.
 */
function cutTubelets(video_BTHWC: Tensor, size: TubeletSize): Tensor {
  const [batch = 0, clipFrames = 0, height = 0, width = 0, channels = 0] = video_BTHWC.shape;
  if (video_BTHWC.shape.length !== 5) {
    throw new RangeError(`video: expected [B, T, H, W, 3], got [${video_BTHWC.shape.join(', ')}]`);
  }
  const grid = tokenGrid({ frames: clipFrames, height, width }, size);
  const { frames: k, patch: p } = size;
  const { frames: t, rows: h, columns: w } = grid;
  // [B t, k, h, rest of the rows] -> [B t, h, k, rest]
  const byTokenRow =
    k === 1 ? video_BTHWC : transpose(reshape(video_BTHWC, [batch * t, k, h, p * width * channels]), [0, 2, 1, 3]);
  // [B t h, k p, w, p C] -> [B t h, w, k p, p C]
  const byToken = transpose(reshape(byTokenRow, [batch * t * h, k * p, w, p * channels]), [0, 2, 1, 3]);
  return reshape(byToken, [batch, tokenCount(grid), k * p * p, channels]);
}

/** [B, N, pixels, C] -> [B, N, C pixels] */
function channelFirst(tubelets_BNPC: Tensor): Tensor {
  const [batch = 0, tokens = 0, pixels = 0, channels = 0] = tubelets_BNPC.shape;
  const byChannel = transpose(reshape(tubelets_BNPC, [batch * tokens, pixels, channels]), [0, 2, 1]);
  return reshape(byChannel, [batch, tokens, channels * pixels]);
}
