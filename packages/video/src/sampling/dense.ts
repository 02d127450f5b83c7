import { checkClip, checkShape, clamp, type DenseClipShape, linspace, type RandomInt, type TestClip } from './rules.ts';

/**
 * VideoMAE pre-training: `frames` frames at distance `rate` from a random start; where the next one would pass the end the
 * same frame repeats. The very last frame is reached only as a start, as in the reference (it steps while s + rate is
 * below frameCount, counting from 1).
 */
export function samplePretrainDense(shape: DenseClipShape, randomInt: RandomInt): number[] {
  checkShape(shape);
  const { frameCount, frames, rate } = shape;
  const choices = frameCount - frames * rate + 1;
  let position = 1 + (choices > 0 ? randomInt(0, choices - 1) : 0);
  return Array.from({ length: frames }, () => {
    const index = position - 1;
    if (position + rate < frameCount) position += rate;
    return index;
  });
}

/** Dense fine-tuning (Kinetics, UCF101, HMDB51), training: a window of frames * rate frames that ends at a random place. */
export function sampleDenseTrain(shape: DenseClipShape, randomInt: RandomInt): number[] {
  checkShape(shape);
  const { frameCount, frames, rate } = shape;
  const span = frames * rate;
  if (frameCount <= span) return wholeVideo(shape);
  return windowEndingAt(randomInt(span, frameCount - 1), shape);
}

/**
 * Dense fine-tuning, validation: the window in the middle of the video.
 * The reference takes floor((frameCount - span) / 2) for the window's end instead of its start;
 * {@link sampleDenseValAsReleased} does too.
 */
export function sampleDenseVal(shape: DenseClipShape): number[] {
  checkShape(shape);
  const span = shape.frames * shape.rate;
  if (shape.frameCount <= span) return wholeVideo(shape);
  return windowEndingAt(Math.floor((shape.frameCount - span) / 2) + span, shape);
}

/**
 * Dense fine-tuning, validation, as the released code does it: the window *ends* at floor((frameCount - span) / 2).
 * For comparing validation curves with published logs. Indices before the start count from the end of the video, which is
 * what the reference's reader makes of negative ones.
 */
export function sampleDenseValAsReleased(shape: DenseClipShape): number[] {
  checkShape(shape);
  const span = shape.frames * shape.rate;
  if (shape.frameCount <= span) return wholeVideo(shape);
  const indices = windowEndingAt(Math.floor((shape.frameCount - span) / 2), shape);
  return indices.map((index) => (index < 0 ? index + shape.frameCount : index));
}

/**
 * Dense fine-tuning, test clip c of C: every `rate`-th frame from trunc(c * max(0, (frameCount - span) / (C - 1))), padded
 * with the last one. A single clip starts in the middle (the reference divides by zero).
 */
export function sampleDenseTest(shape: DenseClipShape, which: TestClip): number[] {
  checkShape(shape);
  checkClip(which);
  const { frameCount, frames, rate } = shape;
  const { clip, clips } = which;
  const room = Math.max(0, frameCount - frames * rate);
  const start = Math.trunc(clips === 1 ? room / 2 : clip * (room / (clips - 1)));
  const last = start + Math.floor((Math.min(frames * rate, frameCount - start) - 1) / rate) * rate;
  return Array.from({ length: frames }, (_, i) => Math.min(start + i * rate, last));
}

/** Action detection on AVA, as its recipes run: a window of frames * rate frames around the middle, where the key frame lies. */
export function sampleKeyFrameWindow(shape: DenseClipShape): number[] {
  checkShape(shape);
  const { frameCount, frames, rate } = shape;
  const start = Math.floor((frameCount - frames * rate) / 2) + Math.floor((rate - 1) / 2);
  return Array.from({ length: frames }, (_, i) => clamp(start + i * rate, 0, frameCount - 1));
}

/** A video no longer than the window: spread over its floor(frameCount / rate) frames, then the last frame repeated. */
function wholeVideo({ frameCount, frames, rate }: DenseClipShape): number[] {
  const spread = linspace(0, frameCount, Math.floor(frameCount / rate));
  return Array.from({ length: frames }, (_, i) => Math.trunc(clamp(spread[i] ?? frameCount, 0, frameCount - 1)));
}

function windowEndingAt(end: number, { frames, rate }: DenseClipShape): number[] {
  const start = end - frames * rate;
  return linspace(start, end, frames).map((x) => Math.trunc(clamp(x, start, end - 1)));
}
