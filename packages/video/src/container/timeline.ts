/** What a container says about one packet; packets come in decoding order. */
export interface PacketInfo {
  /** When its frame is shown, in seconds; negative before the start that an edit list sets. */
  readonly timestampSeconds: number;
  readonly durationSeconds: number;
  /** True when decoding can start here. */
  readonly isKey: boolean;
  /** False for packets that only carry reference data and never give a frame (VP8's hidden frames). */
  readonly isShown: boolean;
}

/**
 * The packets of a track in decoding order, and which of them is which frame.
 * Frame i is the i-th shown packet by time, counted from time 0: packets before 0 are decoded for reference but are no
 * frames, as in FFmpeg. Where an edit list says which packets are shown, and when, it is followed: a packet may then be
 * several frames, or none. Nothing assumes a constant frame rate.
 */
export interface Timeline {
  /** [packets] in decoding order. */
  readonly packetTimestamps: Float64Array;
  /** Decoding positions of key packets, ascending. */
  readonly keyPackets: Int32Array;
  /** [packets] place of each packet when sorted by time: the name by which a decoder hands its frame back. */
  readonly rankOfPacket: Int32Array;
  /** [frames] decoding position of each frame's packet. */
  readonly packetOfFrame: Int32Array;
  /** [frames] seconds, ascending. */
  readonly frameTimestamps: Float64Array;
  /** End of the last frame, in seconds. */
  readonly durationSeconds: number;
}

/** A frame that an edit list shows. */
export interface EditedFrame {
  /** Decoding position of its packet; several frames may have the same. */
  readonly packet: number;
  readonly timestampSeconds: number;
}

/** Edit lists and time bases leave errors below a microsecond; a frame that near to 0 is the first one. */
const TIME_TOLERANCE = 5e-7;

/**
 * Sorts packets into frames.
 *
 * @param edited what an edit list shows, in that order; without one all packets from time 0 on are shown.
 */
export function buildTimeline(packets: readonly PacketInfo[], edited?: readonly EditedFrame[]): Timeline {
  const byTime = packets.map((_, position) => position);
  // The sort is stable: packets of equal time keep their decoding order.
  byTime.sort((a, b) => (packets[a]?.timestampSeconds ?? 0) - (packets[b]?.timestampSeconds ?? 0));
  const rankOfPacket = new Int32Array(packets.length);
  byTime.forEach((position, rank) => {
    rankOfPacket[position] = rank;
  });
  const frames = (edited ?? framesByTime(packets, byTime)).filter(({ packet }) => packets[packet]?.isShown === true);
  const frameTimestamps = Float64Array.from(frames, ({ timestampSeconds }) => timestampSeconds);
  // Where edits overlap by less than a frame, the earlier one is shown to its end.
  frameTimestamps.forEach((time, i) => (frameTimestamps[i] = Math.max(time, frameTimestamps[i - 1] ?? 0)));
  return {
    packetTimestamps: Float64Array.from(packets, (packet) => packet.timestampSeconds),
    keyPackets: Int32Array.from(packets.flatMap((packet, position) => (packet.isKey ? [position] : []))),
    rankOfPacket,
    packetOfFrame: Int32Array.from(frames, ({ packet }) => packet),
    frameTimestamps,
    durationSeconds: frames.reduce(
      (end, { packet, timestampSeconds }) => Math.max(end, timestampSeconds + (packets[packet]?.durationSeconds ?? 0)),
      0,
    ),
  };
}

/** Every packet from time 0 on is a frame. */
function framesByTime(packets: readonly PacketInfo[], byTime: readonly number[]): EditedFrame[] {
  return byTime
    .map((packet) => ({ packet, timestampSeconds: packets[packet]?.timestampSeconds ?? 0 }))
    .filter(({ timestampSeconds }) => timestampSeconds > -TIME_TOLERANCE);
}
