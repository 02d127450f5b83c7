import { checkClip, checkShape, type ClipShape, type RandomInt, type TestClip } from './rules.ts';

/**
 * One random frame from each of `frames` equal segments: UMT's pre-training (8 segments) and SSv2 fine-tuning.
 *
 * Segments have floor(frameCount / frames) frames; the remainder at the end of the video is never drawn, as in the
 * reference. A video shorter than the clip is spread over it, index trunc(i * frameCount / frames): the reference takes
 * frame 0 for the whole clip there, which shows the model no motion; this deviation is deliberate.
 *
 * @returns `frames` indices, 0 <= index < frameCount, not decreasing.
 */
export function sampleSegmentsTrain(shape: ClipShape, randomInt: RandomInt): number[] {
  checkShape(shape);
  const { frameCount, frames } = shape;
  const length = Math.floor(frameCount / frames);
  return Array.from({ length: frames }, (_, i) =>
    length > 0 ? i * length + randomInt(0, length - 1) : Math.trunc((i * frameCount) / frames),
  );
}

/** The middle frame of each of `frames` equal segments, trunc(tick / 2 + tick * i): SSv2 validation. */
export function sampleSegmentsVal(shape: ClipShape): number[] {
  checkShape(shape);
  const tick = shape.frameCount / shape.frames;
  return Array.from({ length: shape.frames }, (_, i) => Math.trunc(tick / 2 + tick * i));
}

/**
 * SSv2 test: the indices trunc(s * tick / clips + tick * i) of all s < clips, sorted; clip c takes every clips-th from c.
 * With two clips these are the segment starts and the segment centres. (The reference mis-slices more than two clips of a
 * video file; here its rule for frame folders serves any number.)
 */
export function sampleSegmentsTest(shape: ClipShape, which: TestClip): number[] {
  checkShape(shape);
  checkClip(which);
  const { frameCount, frames } = shape;
  const { clip, clips } = which;
  const tick = frameCount / frames;
  const all: number[] = [];
  for (let s = 0; s < clips; s++) {
    for (let i = 0; i < frames; i++) all.push(Math.trunc((s * tick) / clips + tick * i));
  }
  all.sort((a, b) => a - b);
  return all.filter((_, i) => i % clips === clip);
}
