// B clips, T frames, C channels; H x W pixels become h x w.
import { broadcastTo, cast, matmul, reshape, scope, tensorLike, transpose, type Tensor } from '@umt/tensor';
import { bicubicMatrix } from './resize-matrix.ts';

/**
 * Resizes every frame by bicubic interpolation (A = -0.75, no antialiasing), two products with constant matrices:
 * [B, T, H, W, C] -> [B, T, height, width, C]. What the reference does to a teacher's input when its resolution is
 * not the student's. No gradient is meant to flow through it.
 */
export function resizeVideo(video_BTHWC: Tensor, height: number, width: number): Tensor {
  const [batch = 0, frames = 0, fromHeight = 0, fromWidth = 0, channels = 0] = video_BTHWC.shape;
  if (height === fromHeight && width === fromWidth) return reshape(video_BTHWC, video_BTHWC.shape);
  return scope(() => {
    const images = batch * frames;
    const pixels_IHX = reshape(video_BTHWC, [images, fromHeight, fromWidth * channels]);
    // Each product also turns its image: [H, W C] -> [W C, h] = [W, C h] -> [C h, w]. So neither needs a transpose.
    const columns = matmul(pixels_IHX, resizer(video_BTHWC, images, fromHeight, height), {
      transposeA: true,
      transposeB: true,
    });
    const channelFirst = matmul(
      reshape(columns, [images, fromWidth, channels * height]),
      resizer(video_BTHWC, images, fromWidth, width),
      { transposeA: true, transposeB: true },
    );
    const pixels_ICP = reshape(channelFirst, [images, channels, height * width]);
    return reshape(transpose(pixels_ICP), [batch, frames, height, width, channels]);
  });
}

/** The bicubic matrix [out, in], once for each image, because matrix products do not broadcast. */
function resizer(like: Tensor, images: number, inputs: number, outputs: number): Tensor {
  const rows = Float32Array.from(bicubicMatrix(inputs, outputs).rows);
  const matrix = cast(tensorLike(like, rows, [1, outputs, inputs], 'float32'), like.dtype);
  return broadcastTo(matrix, [images, outputs, inputs]);
}
