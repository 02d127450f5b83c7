import { checkClip, checkShape, type ClipShape, type RandomInt, roundHalfToEven, type TestClip } from './rules.ts';

/** Length of a segment in frames, a fraction: max(0, (frameCount - 1) / frames). */
const segmentLength = ({ frameCount, frames }: ClipShape): number => Math.max(0, (frameCount - 1) / frames);

function fromSegments(shape: ClipShape, pick: (start: number, end: number) => number): number[] {
  checkShape(shape);
  const segment = segmentLength(shape);
  return Array.from({ length: shape.frames }, (_, i) =>
    Math.min(shape.frameCount - 1, pick(roundHalfToEven(segment * i), roundHalfToEven(segment * (i + 1)))),
  );
}

/**
 * Fine-tuning on Kinetics and Moments, training: one random frame per segment.
 * Neighbouring segments share their border frame (both ends are inclusive) and borders round half to even, as in the reference.
 */
export function sampleSparseTrain(shape: ClipShape, randomInt: RandomInt): number[] {
  return fromSegments(shape, (start, end) => randomInt(start, end));
}

/** Fine-tuning on Kinetics and Moments, validation: round(segment * i) + trunc(segment / 2). */
export function sampleSparseVal(shape: ClipShape): number[] {
  const half = Math.trunc(segmentLength(shape) / 2);
  return fromSegments(shape, (start) => start + half);
}

/** Fine-tuning on Kinetics and Moments, test clip c of C: round(segment * i) + trunc(segment / (C + 1) * (c + 1)). */
export function sampleSparseTest(shape: ClipShape, which: TestClip): number[] {
  checkClip(which);
  const shift = Math.trunc((segmentLength(shape) / (which.clips + 1)) * (which.clip + 1));
  return fromSegments(shape, (start) => start + shift);
}
