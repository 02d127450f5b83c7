// B clips, T frames, k frames of a tubelet, t = T / k, F = B t images; P patches of an image; K returned layers, C width.
import { reshape, slice, type Tensor } from '@umt/tensor';
import { frozenTeacher, TeacherGridError, type FrozenTeacher, type FrozenTeacherOptions } from './frozen-teacher.ts';

/** An image encoder's answer for every patch. */
export interface ImageFeatures {
  /** [K, F, P, C], patches row by row; class tokens and the like left out. */
  readonly features: Tensor;
  /** float32 [F, P], not negative: how much each patch matters. Needed for attention masks only. */
  readonly attention?: Tensor;
}

/** How a video becomes images. */
export interface ImageTeacherOptions extends FrozenTeacherOptions {
  /**
   * The student's frames per tubelet. Default 1: every frame is an image. Of more, the encoder sees the middle one, number
   * floor(k / 2) from 0, as a CLIP does whose patch kernel is inflated by the reference.
   */
  readonly tubelet?: number;
}

/**
 * Makes a teacher of an image encoder (CLIP, DINO, ...): a function from images [F, H, W, 3] to features of their patches,
 * to which the frames of all clips are given one by one.
 *
 * @throws RangeError at the first step, when the frames of a clip do not split into tubelets
 * @throws TeacherGridError at the first step, when the encoder's tokens are not the student's
 */
export function frozenImageTeacher(
  encode: (images_FHWC: Tensor) => ImageFeatures,
  { tubelet = 1, ...options }: ImageTeacherOptions = {},
): FrozenTeacher {
  return frozenTeacher((video_BTHWC) => {
    const [clips = 0] = video_BTHWC.shape;
    const images = middleFrames(video_BTHWC, tubelet);
    const { features, attention } = encode(images);
    const [layers = 0, count = 0, patches = 0, width = 0] = features.shape;
    if (features.shape.length !== 4 || count !== images.shape[0]) {
      throw new TeacherGridError(
        `the image teacher gives features [${features.shape.join(', ')}] for ${images.shape[0]} images, ` +
          `expected [layers, ${images.shape[0]}, patches, width]`,
      );
    }
    const ofClips = reshape(features, [layers, clips, (count / clips) * patches, width]);
    return { features: ofClips, ...(attention && { attention }) };
  }, options);
}

/** [B, t k, H, W, 3] -> [B t, H, W, 3] */
function middleFrames(video_BTHWC: Tensor, tubelet: number): Tensor {
  const [clips = 0, frames = 0, height = 0, width = 0, channels = 0] = video_BTHWC.shape;
  const count = (clips * frames) / tubelet;
  if (!Number.isInteger(frames / tubelet)) {
    throw new RangeError(`image teacher: ${frames} frames do not split into tubelets of ${tubelet}`);
  }
  const pixels = height * width * channels;
  const byTubelet = reshape(video_BTHWC, [count, tubelet, pixels]);
  const middle = tubelet === 1 ? byTubelet : slice(byTubelet, [0, Math.floor(tubelet / 2), 0], [count, 1, pixels]);
  return reshape(middle, [count, height, width, channels]);
}
