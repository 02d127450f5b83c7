import { VideoError } from '../video-error.ts';

/** Draws an integer, every value from `low` to `highInclusive` equally likely. The caller owns seed and state. */
export type RandomInt = (low: number, highInclusive: number) => number;

/** A clip to draw from a video. */
export interface ClipShape {
  /** Frames the video has. */
  readonly frameCount: number;
  /** Frames the clip gets. */
  readonly frames: number;
}

/** A clip of frames at a fixed distance. */
export interface DenseClipShape extends ClipShape {
  /** Distance of neighbouring frames (the "sampling rate"), in frames. */
  readonly rate: number;
}

/** Which of several test clips of one video. */
export interface TestClip {
  /** 0 <= clip < clips. */
  readonly clip: number;
  readonly clips: number;
}

/** Rounds to the nearest integer, ties to the even one, as Python's and NumPy's `round` do. */
export function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** NumPy's `linspace(from, to, count)` with both ends. */
export function linspace(from: number, to: number, count: number): number[] {
  const step = (to - from) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, i) => (i > 0 && i === count - 1 ? to : i * step + from));
}

/** Limits x to low..high. */
export function clamp(x: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, x));
}

/** Rejects sizes that are no positive whole numbers; the message names the field. */
export function checkShape(shape: ClipShape | DenseClipShape): void {
  for (const [name, value] of Object.entries(shape)) {
    if (['frameCount', 'frames', 'rate'].includes(name) && !(Number.isInteger(value) && value > 0)) {
      throw new VideoError('bad-argument', `sampling: ${name} must be a positive whole number, got ${value}`);
    }
  }
}

/** Rejects a clip number outside its range. */
export function checkClip({ clip, clips }: TestClip): void {
  if (!(Number.isInteger(clips) && clips > 0 && Number.isInteger(clip) && clip >= 0 && clip < clips)) {
    throw new VideoError('bad-argument', `sampling: clip ${clip} of ${clips} does not exist: give 0 <= clip < clips`);
  }
}
