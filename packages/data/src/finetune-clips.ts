import { random } from '@umt/random';
import { frameToTensor, IMAGENET_MEAN, IMAGENET_STD, rgbPicture, toRgb } from '@umt/video';
import { sampleTrain } from './classification-sampling.ts';
import { DEFAULT_RAND_AUGMENT, type FinetuneClipOptions } from './clip-options.ts';
import type { ClipPlan, PlanTarget } from './clip-plan.ts';
import type { Box } from './multi-scale-crop.ts';
import { parseRandAugment } from './rand-augment/config.ts';
import { drawOperations } from './rand-augment/draw.ts';
import { FrameAugmenter } from './rand-augment/operations.ts';
import { drawErasing, eraseBox } from './random-erasing.ts';
import { drawResizedCrop } from './resized-crop.ts';

/** How a copy of the clip is augmented: the same in all its frames. */
interface Augmentation {
  readonly augmenter: FrameAugmenter;
  readonly box: Box;
  readonly isFlipped: boolean;
}

/**
 * Clips as UMT fine-tuning makes them: RandAugment on whole 8-bit RGB frames, normalisation, random resized crop
 * (bilinear, not antialiased), flip, random erasing.
 */
export function planFinetuneClips(options: FinetuneClipOptions, target: PlanTarget): ClipPlan {
  const { frames, size, sampling, mean = IMAGENET_MEAN, std = IMAGENET_STD } = options;
  const { video, request, out } = target;
  const { seed, epoch, index } = request;
  const stream = random({ seed, stream: 'data/frames', step: epoch, index });
  const augmentations = drawAugmentations(options, target);
  return {
    frames: sampleTrain({ frameCount: video.frameCount, frames }, sampling, (low, high) => stream.integer(low, high)),
    place(picture, position) {
      const image = toRgb(picture);
      for (const [copy, { augmenter, box, isFlipped: flip }] of augmentations.entries()) {
        const { data, width, height } = augmenter.apply(image);
        const crop = { box, width: size, height: size, flip, filter: 'bilinear', antialias: false, mean, std } as const;
        frameToTensor(rgbPicture(data, width, height), crop, out, (copy * frames + position) * size * size * 3);
      }
    },
    finish: () => eraseFromCopies(options, target),
  };
}

/** Copy after copy from one stream, so the first clip is the same whatever the number of copies. */
function drawAugmentations(
  options: FinetuneClipOptions,
  { video: { width, height }, request: { seed, epoch, index } }: PlanTarget,
): readonly Augmentation[] {
  const { copies = 1, flipProbability = 0.5 } = options;
  const { randAugment = DEFAULT_RAND_AUGMENT, randAugmentFilter = 'bicubic' } = options;
  const geometry = random({ seed, stream: 'data/augment', step: epoch, index });
  const operations = random({ seed, stream: 'data/rand-augment', step: epoch, index });
  const policy = randAugment === null ? undefined : parseRandAugment(randAugment);
  return Array.from({ length: copies }, () => ({
    augmenter: new FrameAugmenter(policy === undefined ? [] : drawOperations(policy, randAugmentFilter, operations)),
    box: drawResizedCrop(width, height, options, geometry),
    isFlipped: geometry.uniform() < flipProbability,
  }));
}

function eraseFromCopies(
  { frames, size, copies = 1, erasing = {} }: FinetuneClipOptions,
  { request: { seed, epoch, index }, out }: PlanTarget,
): void {
  const stream = random({ seed, stream: 'data/erase', step: epoch, index });
  const length = frames * size * size * 3;
  for (let copy = 0; copy < copies; copy++) {
    const clip = out.subarray(copy * length, (copy + 1) * length);
    for (const box of drawErasing(size, size, erasing, stream))
      eraseBox(clip, size, box, erasing.mode ?? 'pixel', stream);
  }
}
