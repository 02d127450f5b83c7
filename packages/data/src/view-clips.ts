import {
  frameToTensor,
  IMAGENET_MEAN,
  IMAGENET_STD,
  resizeRgbFixedPoint,
  rgbPicture,
  roundHalfToEven,
  toRgb,
} from '@umt/video';
import { sampleTest, sampleValidation } from './classification-sampling.ts';
import type { ViewClipOptions } from './clip-options.ts';
import type { ClipPlan, PlanTarget } from './clip-plan.ts';
import type { Box } from './multi-scale-crop.ts';

/** Views of a video in the order clip, crop: short side resized as OpenCV does, then windows of it, normalised. */
export function planViews(options: ViewClipOptions, { video, out }: PlanTarget): ClipPlan {
  const { frames, size, shortSide = size, clips = 1, mean = IMAGENET_MEAN, std = IMAGENET_STD } = options;
  const { sampling, crops = 1, protocol = 'test' } = options;
  const shape = { frameCount: video.frameCount, frames };
  const wanted =
    protocol === 'validation'
      ? [sampleValidation(shape, sampling)]
      : Array.from({ length: clips }, (_, clip) => sampleTest(shape, sampling, { clip, clips }));
  const held = wanted.flat();
  const indices = [...new Set(held)].sort((a, b) => a - b);
  /** Where each frame belongs: places clip * T + t, of one frame for all clips that hold it. */
  const places = indices.map((index) => held.flatMap((one, place) => (one === index ? [place] : [])));
  return {
    frames: indices,
    place(picture, position) {
      const { width, height } = picture;
      const image = resizeRgbFixedPoint(toRgb(picture), shortSideSize(width, height, shortSide));
      const resized = rgbPicture(image.data, image.width, image.height);
      for (const [crop, box] of cropWindows(image.width, image.height, { size, crops, protocol }).entries()) {
        for (const place of places[position] ?? []) {
          const view = Math.floor(place / frames) * crops + crop;
          const offset = (view * frames + (place % frames)) * size * size * 3;
          frameToTensor(resized, { box, width: size, height: size, antialias: false, mean, std }, out, offset);
        }
      }
    },
    finish: () => undefined,
  };
}

/**
 * Size of a frame whose short side becomes `shortSide`: the long one keeps the aspect ratio, truncated. (Reference
 * behaviour.)
 */
export function shortSideSize(
  width: number,
  height: number,
  shortSide: number,
): { readonly width: number; readonly height: number } {
  if (width < height) return { width: shortSide, height: Math.trunc((shortSide * height) / width) };
  return { width: Math.trunc((shortSide * width) / height), height: shortSide };
}

/**
 * Square windows of a frame. Test: spread over the longer side from end to end, starts truncated (one window: the middle).
 * Validation: the centre, rounded half to even. (Reference behaviour; there a test window is as long as the short side,
 * here the shorter axis is centred where it is longer.)
 */
export function cropWindows(
  width: number,
  height: number,
  { size, crops, protocol }: Required<Pick<ViewClipOptions, 'size' | 'crops' | 'protocol'>>,
): readonly Box[] {
  const windowAt = (x0: number, y0: number): Box => [x0, y0, x0 + size, y0 + size];
  if (protocol === 'validation') {
    return [windowAt(roundHalfToEven((width - size) / 2), roundHalfToEven((height - size) / 2))];
  }
  const start = (room: number, k: number) => Math.trunc(crops === 1 ? room / 2 : (k * room) / (crops - 1));
  const middle = (room: number) => Math.trunc(room / 2);
  return Array.from({ length: crops }, (_, k) =>
    height >= width
      ? windowAt(middle(width - size), start(height - size, k))
      : windowAt(start(width - size, k), middle(height - size)),
  );
}
