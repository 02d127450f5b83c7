import type { VideoTrack } from '../container/track.ts';
import { VideoError } from '../video-error.ts';
import { disposableIn, type IsDisposable } from './disposable.ts';
import type { FrameReader, ReadFrame } from './frame-reader.ts';
import type { DecodedPicture, PacketDecoder, PacketDecoderFactory } from './packet-decoder.ts';
import { type DecodeRun, keyPacketAtOrBefore, keyPacketFor, planRuns } from './runs.ts';

/** How many groups of pictures further back a lost frame is tried from before its neighbour stands in. */
const RETRIES = 2;

/** Bytes of frames of one run that may be held back. */
const MAX_HELD_BYTES = 2 ** 28;

/**
 * Reads frames by feeding a track's packets to a decoder.
 *
 * @param name the source, for messages.
 */
export function packetFrameReader(track: VideoTrack, openDecoder: PacketDecoderFactory, name: string): FrameReader {
  const isDisposable = disposableIn(track);
  return {
    async *read(frames) {
      const decoder = await openDecoder();
      try {
        const runs = planRuns(track.timeline, frames);
        for (const [i, run] of runs.entries()) {
          const outcome = await decodeHeld(track, decoder, run, isDisposable);
          if (outcome.kind === 'intact') {
            yield* outcome.frames;
          } else if (outcome.kind === 'damaged') {
            // What stands in for damage depends on every frame before it: from the start it comes out as in FFmpeg.
            const rest = runs.slice(i);
            yield* decodeInFull(track, decoder, name, {
              start: 0,
              end: Math.max(...rest.map(({ end }) => end)),
              frames: rest.flatMap((later) => later.frames),
            });
            return;
          } else {
            yield* decodeInFull(track, decoder, name, run);
          }
        }
      } finally {
        decoder.close();
      }
    },
    close: () => Promise.resolve(),
  };
}

type HeldOutcome =
  | { readonly kind: 'intact'; readonly frames: readonly ReadFrame[] }
  | { readonly kind: 'damaged' }
  /** Frames are missing without a sign of damage, or too many are wanted to be held. */
  | { readonly kind: 'incomplete' };

/**
 * Decodes a run, without the unwanted frames that no other refers to. The result is held back until the run is known to be
 * intact.
 */
async function decodeHeld(
  track: VideoTrack,
  decoder: PacketDecoder,
  { start, end, frames }: DecodeRun,
  isDisposable: IsDisposable | null,
): Promise<HeldOutcome> {
  // 1.5 bytes for a pixel of the usual 4:2:0, 3 above 8 bits.
  if (frames.length * track.codedWidth * track.codedHeight * 2 > MAX_HELD_BYTES) return { kind: 'incomplete' };
  const held: ReadFrame[] = [];
  for await (const frame of decodeRun(track, decoder, start, end, new Set(frames), isDisposable)) held.push(frame);
  if (decoder.sawDamage) return { kind: 'damaged' };
  return held.length === frames.length ? { kind: 'intact', frames: held } : { kind: 'incomplete' };
}

/** Decodes a run frame by frame; where the file is damaged other frames stand in. */
async function* decodeInFull(
  track: VideoTrack,
  decoder: PacketDecoder,
  name: string,
  { start, end, frames }: DecodeRun,
): AsyncGenerator<ReadFrame> {
  const lost = new Set(frames);
  for await (const decoded of decodeRun(track, decoder, start, end, lost)) {
    lost.delete(decoded.index);
    yield decoded;
  }
  for (const frame of lost) yield await recover(track, decoder, frame, name);
}

/** Decodes packets start..end, but for disposable ones that are not wanted, and yields the wanted frames among them. */
async function* decodeRun(
  track: VideoTrack,
  decoder: PacketDecoder,
  start: number,
  end: number,
  wanted: ReadonlySet<number>,
  isDisposable: IsDisposable | null = null,
): AsyncGenerator<ReadFrame> {
  const { rankOfPacket, packetOfFrame } = track.timeline;
  const framesOfRank = new Map<number, number[]>();
  for (const frame of wanted) {
    const rank = rankOfPacket[packetOfFrame[frame] ?? 0] ?? 0;
    framesOfRank.set(rank, [...(framesOfRank.get(rank) ?? []), frame]);
  }
  const named = function* (pictures: readonly DecodedPicture[]): Generator<ReadFrame> {
    for (const { rank, picture, isBrowserConverted } of pictures) {
      for (const [i, index] of (framesOfRank.get(rank) ?? []).entries()) {
        // A picture that an edit list shows twice is two frames, each with memory of its own.
        yield { index, shownIndex: index, picture: i === 0 ? picture : structuredClone(picture), isBrowserConverted };
      }
    }
  };
  let position = start;
  try {
    for await (const { data, isKey } of track.packets(start, end)) {
      const rank = rankOfPacket[position++] ?? 0;
      const isWanted = framesOfRank.has(rank);
      if (!isWanted && isDisposable?.(data) === true) continue;
      yield* named(await decoder.decode({ data, isKey, rank, isWanted }));
    }
    yield* named(await decoder.flush());
  } finally {
    // Also when the caller stops early: the next run must meet an empty decoder.
    await decoder.flush();
  }
}

/**
 * A frame that its own group of pictures did not give: decode from further back (a wrongly marked key packet), and where
 * that fails let the nearest earlier frame stand in, or at the start of the video the first that can be decoded.
 */
async function recover(track: VideoTrack, decoder: PacketDecoder, frame: number, name: string): Promise<ReadFrame> {
  const { timeline } = track;
  const end = timeline.packetOfFrame[frame] ?? 0;
  let nearest: ReadFrame | undefined;
  let start = keyPacketFor(timeline, frame);
  for (let attempt = 0; attempt <= RETRIES || nearest === undefined; attempt++) {
    for await (const decoded of decodeRun(track, decoder, start, end, framesUpTo(track, frame, start))) {
      if (decoded.index === frame) return decoded;
      if (nearest === undefined || decoded.index > nearest.index) nearest = decoded;
    }
    if (start === 0) break;
    start = keyPacketAtOrBefore(timeline, start - 1, Number.POSITIVE_INFINITY);
  }
  if (nearest !== undefined) return { ...nearest, index: frame };
  const later = new Set(timeline.frameTimestamps.keys());
  const last = timeline.packetTimestamps.length - 1;
  for await (const decoded of decodeRun(track, decoder, keyPacketFor(timeline, frame), last, later)) {
    return { ...decoded, index: frame };
  }
  throw new VideoError('undecodable', `no frame of ${name} can be decoded: the file is damaged; replace it`);
}

/** The frames from packet `start` on that are shown no later than `frame`. */
function framesUpTo(track: VideoTrack, frame: number, start: number): ReadonlySet<number> {
  const frames = new Set<number>();
  for (let i = frame; i >= 0 && (track.timeline.packetOfFrame[i] ?? 0) >= start; i--) frames.add(i);
  return frames;
}
