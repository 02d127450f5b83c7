import type { VideoTrack } from '../container/track.ts';

/** Whether no other frame refers to a packet's frame, so that it need not be decoded where it is not wanted. */
export type IsDisposable = (packet: Uint8Array) => boolean;

/** What one network abstraction layer unit is: of a frame that no other refers to, of one that others may, or neither. */
type UnitKind = 'disposable' | 'needed' | 'neutral';

/**
 * How the frames of a track that no other refers to are told, from the headers of their units; null where the codec has no
 * such mark that could be trusted: VP8, VP9 and AV1 carry probabilities over from any frame, and every ProRes frame stands
 * alone.
 */
export function disposableIn({ codec, decoderConfig: { description } }: VideoTrack): IsDisposable | null {
  const config = description === undefined ? null : bytesOf(description);
  if (codec === 'avc') return (packet) => isDisposable(packet, lengthBytes(config, 4), h264Kind);
  if (codec !== 'hevc') return null;
  // Without this count it is unknown whether a higher temporal layer refers to a frame.
  const layers = ((config?.[21] ?? 0) >> 3) & 7;
  if (layers === 0) return null;
  return (packet) => isDisposable(packet, lengthBytes(config, 21), (header) => hevcKind(header, layers - 1));
}

/** Bytes of the length before each unit (ISO/IEC 14496-15, 5.3.3.1 and 8.3.3.1); 0 where start codes part them. */
const lengthBytes = (config: Uint8Array | null, at: number): number =>
  config === null ? 0 : ((config[at] ?? 3) & 3) + 1;

function isDisposable(packet: Uint8Array, prefix: number, kindOf: (header: Uint8Array) => UnitKind): boolean {
  let isFound = false;
  for (const header of prefix === 0 ? unitsAfterStartCodes(packet) : unitsAfterLengths(packet, prefix)) {
    const kind = kindOf(header);
    if (kind === 'needed') return false;
    isFound ||= kind === 'disposable';
  }
  return isFound;
}

/** ITU-T H.264, 7.4.1: nal_ref_idc is 0 in all slices of a picture that is no reference. Parameter sets are kept. */
function h264Kind([first = 0]: Uint8Array): UnitKind {
  const type = first & 31;
  if (type === 6 || type === 9 || type === 12) return 'neutral';
  return type === 1 && (first & 0x60) === 0 ? 'disposable' : 'needed';
}

/**
 * ITU-T H.265, 7.4.2.2: pictures of an even type up to 14 are no references in their own temporal layer; in the highest one
 * they are none at all.
 */
function hevcKind([first = 0, second = 0]: Uint8Array, highest: number): UnitKind {
  const type = (first >> 1) & 63;
  if (type === 35 || type === 38 || type === 39 || type === 40) return 'neutral';
  const layer = ((first & 1) << 5) | (second >> 3);
  return type <= 14 && type % 2 === 0 && layer === 0 && (second & 7) - 1 === highest ? 'disposable' : 'needed';
}

/** The units of a packet as mp4 and Matroska hold them. A length past the end is damage: what follows counts as one unit. */
function* unitsAfterLengths(packet: Uint8Array, prefix: number): Generator<Uint8Array> {
  for (let at = 0; at + prefix < packet.length;) {
    let length = 0;
    for (let i = 0; i < prefix; i++) length = length * 256 + (packet[at + i] ?? 0);
    yield packet.subarray(at + prefix, at + prefix + 2);
    at += prefix + length;
  }
}

/** The units of a packet as transport streams hold them (ITU-T H.264, annex B). */
function* unitsAfterStartCodes(packet: Uint8Array): Generator<Uint8Array> {
  for (let at = packet.indexOf(1, 2); at > 0; at = packet.indexOf(1, at + 1)) {
    if (packet[at - 1] === 0 && packet[at - 2] === 0) yield packet.subarray(at + 1, at + 3);
  }
}

function bytesOf(data: AllowSharedBufferSource): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
