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
 * frames, as in FFmpeg. Nothing assumes a constant frame rate.
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

/** Edit lists and time bases leave errors below a microsecond; a frame that near to 0 is the first one. */
const TIME_TOLERANCE = 5e-7;

/** Sorts packets into frames. */
export function buildTimeline(packets: readonly PacketInfo[]): Timeline {
  const byTime = packets.map((_, position) => position);
  // The sort is stable: packets of equal time keep their decoding order.
  byTime.sort((a, b) => (packets[a]?.timestampSeconds ?? 0) - (packets[b]?.timestampSeconds ?? 0));
  const rankOfPacket = new Int32Array(packets.length);
  byTime.forEach((position, rank) => {
    rankOfPacket[position] = rank;
  });
  const shown = byTime.filter((position) => {
    const packet = packets[position];
    return packet !== undefined && packet.isShown && packet.timestampSeconds > -TIME_TOLERANCE;
  });
  return {
    packetTimestamps: Float64Array.from(packets, (packet) => packet.timestampSeconds),
    keyPackets: Int32Array.from(packets.flatMap((packet, position) => (packet.isKey ? [position] : []))),
    rankOfPacket,
    packetOfFrame: Int32Array.from(shown),
    frameTimestamps: Float64Array.from(shown, (position) => Math.max(0, packets[position]?.timestampSeconds ?? 0)),
    durationSeconds: shown.reduce((end, position) => {
      const packet = packets[position];
      return packet === undefined ? end : Math.max(end, packet.timestampSeconds + packet.durationSeconds);
    }, 0),
  };
}
