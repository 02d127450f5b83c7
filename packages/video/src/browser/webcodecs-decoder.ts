import type { VideoTrack } from '../container/track.ts';
import type { DecodedPicture, PacketDecoder } from '../decode/packet-decoder.ts';
import { copyVideoFrame } from './frame-copy.ts';

/** Packets that may wait inside the decoder. */
const MAX_QUEUE = 4;

/** Decoders get a frame's rank as its time; a step of 10 ms keeps clear of those that round. */
const MICROSECONDS_PER_RANK = 10_000;

/** The parts of a track's configuration that concern decoding: colour and rotation are applied here, not by the browser. */
export function decoderConfigOf(track: VideoTrack): VideoDecoderConfig {
  const { codec, codedWidth, codedHeight, description } = track.decoderConfig;
  return {
    codec,
    ...(codedWidth === undefined ? {} : { codedWidth }),
    ...(codedHeight === undefined ? {} : { codedHeight }),
    ...(description === undefined ? {} : { description }),
  };
}

/** Opens a WebCodecs decoder. One that stops at a damaged packet is replaced at the next key packet. */
export function openWebCodecsDecoder(track: VideoTrack): PacketDecoder {
  const config = decoderConfigOf(track);
  const wanted = new Set<number>();
  const copying = new Set<Promise<void>>();
  let ready: DecodedPicture[] = [];
  let decoder: VideoDecoder | null = null;
  let isOpen = true;
  let isFresh = true;
  let sawDamage = false;

  const keep = async (frame: VideoFrame, rank: number): Promise<void> => {
    try {
      ready.push({ rank, ...(await copyVideoFrame(frame, track.colorSpace)) });
    } catch {
      sawDamage = true;
    } finally {
      frame.close();
    }
  };

  const create = (): VideoDecoder => {
    const created = new VideoDecoder({
      output(frame) {
        const rank = Math.round(frame.timestamp / MICROSECONDS_PER_RANK);
        if (!isOpen || !wanted.delete(rank)) {
          frame.close();
          return;
        }
        const copy = keep(frame, rank).finally(() => copying.delete(copy));
        copying.add(copy);
      },
      error() {
        sawDamage = true;
        if (decoder === created) decoder = null;
      },
    });
    created.configure(config);
    return created;
  };

  const takeReady = (): readonly DecodedPicture[] => {
    const taken = ready;
    ready = [];
    return taken;
  };

  return {
    get sawDamage() {
      return sawDamage;
    },
    async decode({ data, isKey, rank, isWanted }) {
      if (isFresh) {
        isFresh = false;
        sawDamage = false;
      }
      if (!isOpen || data.length === 0) return [];
      if (decoder === null) {
        if (!isKey) return [];
        decoder = create();
      }
      if (isWanted) wanted.add(rank);
      const type = isKey ? 'key' : 'delta';
      try {
        decoder.decode(new EncodedVideoChunk({ type, timestamp: rank * MICROSECONDS_PER_RANK, data }));
      } catch {
        // It closed itself, or refuses the packet.
        sawDamage = true;
      }
      while (decoder !== null && decoder.decodeQueueSize > MAX_QUEUE) await nextTurn(decoder);
      return takeReady();
    },
    async flush() {
      if (!isFresh && decoder !== null) {
        try {
          await decoder.flush();
        } catch {
          sawDamage = true;
        }
      }
      await Promise.all(copying);
      wanted.clear();
      isFresh = true;
      return takeReady();
    },
    close() {
      isOpen = false;
      if (decoder !== null && decoder.state !== 'closed') decoder.close();
      decoder = null;
    },
  };
}

/** Resolves when the decoder took a packet, or shortly after: one that failed takes no more. */
function nextTurn(decoder: VideoDecoder): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 20);
    decoder.addEventListener(
      'dequeue',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
