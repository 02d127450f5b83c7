import { random } from '@umt/random';
import {
  frameToTensor,
  IMAGENET_MEAN,
  IMAGENET_STD,
  samplePretrainDense,
  sampleSegmentsTrain,
  type RgbTriple,
} from '@umt/video';
import type { PretrainClipOptions } from './clip-options.ts';
import type { ClipPlan, PlanTarget } from './clip-plan.ts';
import { applyColorJitter, drawColorJitter, type ColorJitter } from './color-jitter.ts';
import { drawMultiScaleCrop, type Box } from './multi-scale-crop.ts';

/** How a copy of the clip is augmented: the same in all its frames. */
interface Augmentation {
  readonly box: Box;
  readonly isFlipped: boolean;
  readonly jitter: ColorJitter;
}

/** Clips as UMT pre-training makes them: multi-scale crop, antialiased resize, flip, colour jitter, normalisation. */
export function planPretrainClips(options: PretrainClipOptions, target: PlanTarget): ClipPlan {
  const { frames, size, mean = IMAGENET_MEAN, std = IMAGENET_STD } = options;
  const { out } = target;
  const augmentations = drawAugmentations(options, target);
  return {
    frames: drawFrames(options, target),
    place(picture, position) {
      for (const [copy, { box, isFlipped: flip, jitter }] of augmentations.entries()) {
        const offset = (copy * frames + position) * size * size * 3;
        const geometry = { box, width: size, height: size, flip, filter: 'bilinear', antialias: true } as const;
        if (jitter.length === 0) {
          frameToTensor(picture, { ...geometry, mean, std }, out, offset);
          continue;
        }
        frameToTensor(picture, { ...geometry, mean: [0, 0, 0], std: [1, 1, 1] }, out, offset);
        const rgb = out.subarray(offset, offset + size * size * 3);
        applyColorJitter(rgb, jitter);
        normalize(rgb, mean, std);
      }
    },
    finish: () => undefined,
  };
}

function drawFrames(
  { frames, sampling }: PretrainClipOptions,
  { video: { frameCount }, request: { seed, epoch, index } }: PlanTarget,
): readonly number[] {
  const stream = random({ seed, stream: 'data/frames', step: epoch, index });
  const draw = (low: number, high: number) => stream.integer(low, high);
  if (sampling?.kind === 'dense') return samplePretrainDense({ frameCount, frames, rate: sampling.rate }, draw);
  return sampleSegmentsTrain({ frameCount, frames }, draw);
}

/** Copy after copy from one stream, so the first clip is the same whatever the number of copies. */
function drawAugmentations(
  { size, copies = 1, flipProbability = 0.5, colorJitter = 0 }: PretrainClipOptions,
  { video: { width, height }, request: { seed, epoch, index } }: PlanTarget,
): readonly Augmentation[] {
  const geometry = random({ seed, stream: 'data/augment', step: epoch, index });
  const color = random({ seed, stream: 'data/color', step: epoch, index });
  return Array.from({ length: copies }, () => ({
    box: drawMultiScaleCrop(width, height, size, geometry),
    isFlipped: geometry.uniform() < flipProbability,
    jitter: colorJitter > 0 ? drawColorJitter(colorJitter, color) : [],
  }));
}

function normalize(rgb: Float32Array, mean: RgbTriple, std: RgbTriple): void {
  for (let i = 0; i < rgb.length; i += 3) {
    rgb[i] = ((rgb[i] ?? 0) - mean[0]) / std[0];
    rgb[i + 1] = ((rgb[i + 1] ?? 0) - mean[1]) / std[1];
    rgb[i + 2] = ((rgb[i + 2] ?? 0) - mean[2]) / std[2];
  }
}
