import type { SampleTimes } from './sample-times.ts';
import type { EditedFrame } from './timeline.ts';

/**
 * Applies an edit list: which samples are shown, in which order and when. As FFmpeg does it, whose frames and times these
 * are, bit for bit: a frame belongs to an edit that its start lies in; the frames of an edit follow each other from the
 * edit's start as they do in the media; the first frame of the video is shown at 0, or after the empty edits before it.
 * FFmpeg's limits too: rates are ignored, and an empty edit after the first shown one shows the media's start.
 *
 * @param isKey [samples] whether decoding can start at a sample.
 */
export function applyEditList(times: SampleTimes, isKey: readonly boolean[]): EditedFrame[] {
  const { edits, unitsPerSecond } = times;
  const shown: { readonly packet: number; readonly time: number }[] = [];
  let start = 0;
  let emptyStart = 0;
  let isBeforeFirst = true;
  let first = -1;
  for (const { mediaTime, duration } of edits) {
    isBeforeFirst &&= mediaTime === -1;
    if (isBeforeFirst) emptyStart += duration;
    else {
      const frames = framesOf(times, isKey, mediaTime, mediaTime + duration, start);
      // A time before 0, where frames are shown before they are decoded, counts only while there is no other.
      for (const { time } of frames) first = first < 0 ? time : Math.min(first, time);
      shown.push(...frames.sort((a, b) => a.time - b.time));
    }
    start += duration;
  }
  const shift = Math.max(0, first - emptyStart);
  return shown.map(({ packet, time }) => ({ packet, timestampSeconds: (time - shift) / unitsPerSecond }));
}

/** The samples that one edit shows, in decoding order, with the time that it gives them. */
function framesOf(
  { decoded, offsets }: SampleTimes,
  isKey: readonly boolean[],
  from: number,
  to: number,
  start: number,
): { readonly packet: number; readonly time: number }[] {
  const frames: { readonly packet: number; readonly time: number }[] = [];
  const sampleCount = decoded.length;
  let clock = start;
  let isPastEnd = false;
  for (let packet = startOf(decoded, offsets, isKey, from); packet < sampleCount; packet++) {
    const offset = offsets?.[packet] ?? 0;
    const shownAt = (decoded[packet] ?? 0) + offset;
    const next = packet + 1 < sampleCount ? (decoded[packet + 1] ?? 0) : (decoded[packet] ?? 0) + to - from;
    const duration = next - (decoded[packet] ?? 0);
    if (shownAt >= from && shownAt < to) frames.push({ packet, time: clock + offset });
    // The clock runs from the first shown sample on.
    if (frames.length > 0) clock += duration;
    if (shownAt + duration < to || isKey[packet] !== true) continue;
    // After a key frame past the end there may be frames that are shown before it.
    if (offsets === null || isPastEnd) break;
    isPastEnd = true;
  }
  return frames;
}

/** Where decoding must start to show what is there at a time: at the last key sample shown no later, else at the first. */
function startOf(decoded: Float64Array, offsets: Float64Array | null, isKey: readonly boolean[], time: number): number {
  for (let i = decoded.length - 1; i >= 0; i--) {
    if (isKey[i] === true && (decoded[i] ?? 0) <= time && (decoded[i] ?? 0) + (offsets?.[i] ?? 0) <= time) return i;
  }
  return 0;
}
