import type { Timeline } from '../container/timeline.ts';

/** A stretch of packets to decode without a break, and the frames to keep of it. */
export interface DecodeRun {
  /** Decoding position of the key packet it starts with. */
  readonly start: number;
  /** Decoding position of its last packet, inclusive. */
  readonly end: number;
  /** Frame indices, ascending. */
  readonly frames: readonly number[];
}

/**
 * Where decoding must start to get one frame: at the last key packet that comes no later in decoding order and no later
 * in time. (A key packet may precede frames that are shown before it; those refer to the group before.)
 */
export function keyPacketFor(timeline: Timeline, frame: number): number {
  const position = timeline.packetOfFrame[frame] ?? 0;
  return keyPacketAtOrBefore(timeline, position, timeline.packetTimestamps[position] ?? 0);
}

/** The last key packet at or before a decoding position and a time; 0 when there is none. */
export function keyPacketAtOrBefore(timeline: Timeline, position: number, timestamp: number): number {
  const { keyPackets, packetTimestamps } = timeline;
  let low = 0;
  let high = keyPackets.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keyPackets[middle] ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  for (let i = low - 1; i >= 0; i--) {
    const key = keyPackets[i] ?? 0;
    if ((packetTimestamps[key] ?? 0) <= timestamp) return key;
  }
  return 0;
}

/**
 * Plans the least decoding that yields the wanted frames: groups of pictures without a wanted frame are jumped over, and
 * a run stops at the last packet that a wanted frame needs.
 *
 * @param frames unique frame indices, ascending.
 */
export function planRuns(timeline: Timeline, frames: readonly number[]): DecodeRun[] {
  const runs: { start: number; end: number; frames: number[] }[] = [];
  for (const frame of frames) {
    const position = timeline.packetOfFrame[frame] ?? 0;
    const key = keyPacketFor(timeline, frame);
    const last = runs.at(-1);
    // An edit list may lead back.
    if (last !== undefined && key >= last.start && key <= last.end + 1) {
      last.end = Math.max(last.end, position);
      last.frames.push(frame);
    } else {
      runs.push({ start: key, end: position, frames: [frame] });
    }
  }
  return runs;
}
