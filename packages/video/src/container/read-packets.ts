import type { EncodedPacket, EncodedPacketSink, VideoCodec } from 'mediabunny';
import type { FileBytes } from './boxes.ts';
import { applyEditList } from './edit-list.ts';
import { readSampleTimes } from './sample-times.ts';
import { buildTimeline, type PacketInfo, type Timeline } from './timeline.ts';
import type { VideoTrack } from './track.ts';

const METADATA_ONLY = { metadataOnly: true };

/**
 * Reads the packet table of a track, and gives access to the packets by decoding position.
 *
 * @param bytes of the file, for what the demuxer does not tell: edit lists of more than one edit.
 */
export async function readPackets(
  sink: EncodedPacketSink,
  { id, codec }: { readonly id: number; readonly codec: VideoCodec },
  bytes: FileBytes,
): Promise<{ readonly timeline: Timeline; readonly packets: VideoTrack['packets'] }> {
  const infos: PacketInfo[] = [];
  // Each key packet's predecessor: from it the demuxer finds the key packet again, wherever timestamps may repeat.
  const beforeKey = new Map<number, EncodedPacket | null>();
  const options = codec === 'vp8' ? {} : METADATA_ONLY;
  let previous: EncodedPacket | null = null;
  let beforeLast: EncodedPacket | null = null;
  for await (const packet of packetsAfter(sink, null, options)) {
    const isKey = packet.type === 'key';
    if (isKey || infos.length === 0) beforeKey.set(infos.length, previous);
    infos.push({
      timestampSeconds: packet.timestamp,
      durationSeconds: packet.duration,
      isKey,
      isShown: codec !== 'vp8' || isShownVp8(packet.data),
    });
    beforeLast = previous;
    previous = packet;
  }
  infos.length = await readableCount(sink, infos.length, beforeLast);
  const times = await readSampleTimes(bytes, id, infos.length);
  const isKey = infos.map((info) => info.isKey);
  return {
    timeline: buildTimeline(infos, times === null ? undefined : applyEditList(times, isKey)),
    async *packets(start, end) {
      let position = start;
      for await (const packet of packetsAfter(sink, beforeKey.get(start) ?? null, {})) {
        yield { data: packet.data, isKey: packet.type === 'key' };
        if (position++ === end) return;
      }
    },
  };
}

/**
 * How many of `listed` packets the file really holds. An mp4 that was cut off lists samples that lie past its end; they
 * show when the last packet is missing, and only then is the file read through.
 *
 * @param beforeLast the packet before the last one, or null when there is only one.
 */
async function readableCount(
  sink: EncodedPacketSink,
  listed: number,
  beforeLast: EncodedPacket | null,
): Promise<number> {
  const last = beforeLast === null ? await sink.getFirstPacket() : await sink.getNextPacket(beforeLast);
  if (last !== null) return listed;
  let count = 0;
  for await (const _ of packetsAfter(sink, null, {})) count++;
  return count;
}

/** The packets after one, or all from the first, in decoding order; ends where the file does. */
async function* packetsAfter(
  sink: EncodedPacketSink,
  packet: EncodedPacket | null,
  options: { readonly metadataOnly?: boolean },
): AsyncGenerator<EncodedPacket> {
  let next = packet === null ? await sink.getFirstPacket(options) : await sink.getNextPacket(packet, options);
  while (next !== null) {
    yield next;
    next = await sink.getNextPacket(next, options);
  }
}

/** The show_frame bit of a VP8 frame tag (RFC 6386, 9.1). */
function isShownVp8(data: Uint8Array): boolean {
  return ((data[0] ?? 0) & 0x10) !== 0;
}
