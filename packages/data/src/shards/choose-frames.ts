import type { Video } from '@umt/video';
import type { ResolvedChoices } from './pack-options.ts';

/**
 * Which frames of a video are kept, ascending. With `fps`, those that are shown at 0, 1 / fps, 2 / fps, ... seconds after
 * the first, each once; with `frames`, at most so many of them: the middle one of each of as many equal parts.
 */
export function chooseFrames(
  { frameCount, frameTimestamps }: Pick<Video, 'frameCount' | 'frameTimestamps'>,
  { frames, fps }: Pick<ResolvedChoices, 'frames' | 'fps'>,
): readonly number[] {
  const all = Array.from({ length: frameCount }, (_, i) => i);
  const timely = fps === null ? all : shownAt(frameTimestamps, fps);
  if (frames === null || timely.length <= frames) return timely;
  return Array.from({ length: frames }, (_, part) => timely[Math.floor(((part + 0.5) * timely.length) / frames)] ?? 0);
}

/** Timestamps are rounded by their file: a frame counts as shown this much before its time. */
const TOLERANCE_SECONDS = 1e-3;

function shownAt(timestamps: Float64Array, fps: number): readonly number[] {
  const chosen: number[] = [];
  const start = timestamps[0] ?? 0;
  const last = (timestamps.at(-1) ?? start) - start;
  let frame = 0;
  for (let tick = 0; tick / fps <= last + TOLERANCE_SECONDS; tick++) {
    const time = start + tick / fps + TOLERANCE_SECONDS;
    while ((timestamps[frame + 1] ?? Infinity) <= time) frame++;
    if (chosen.at(-1) !== frame) chosen.push(frame);
  }
  return chosen;
}
