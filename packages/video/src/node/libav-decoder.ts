import { setImmediate } from 'node:timers/promises';
import type { VideoTrack } from '../container/track.ts';
import type { DecodedPicture, PacketDecoder } from '../decode/packet-decoder.ts';
import { VideoError } from '../video-error.ts';
import { copyPicture } from './libav-picture.ts';
import type { LibAv } from './libav.ts';

/** Decoding runs synchronously (twice as fast on small frames); this often the event loop gets its turn. */
const PAUSE_AFTER_MS = 15;

/** Failed receives in a row after which a damaged stream is left alone until the next packet. */
const MAX_RECEIVE_ERRORS = 32;

function codecIdOf(libav: LibAv, codec: VideoTrack['codec']) {
  switch (codec) {
    case 'avc':
      return libav.AV_CODEC_ID_H264;
    case 'hevc':
      return libav.AV_CODEC_ID_HEVC;
    case 'vp8':
      return libav.AV_CODEC_ID_VP8;
    case 'vp9':
      return libav.AV_CODEC_ID_VP9;
    case 'av1':
      return libav.AV_CODEC_ID_AV1;
    case 'prores':
      return libav.AV_CODEC_ID_PRORES;
  }
}

/** Finds libav's decoder for a track. Throws 'unsupported-codec' where this build has none. */
export function findDecoder(libav: LibAv, codec: VideoTrack['codec'], name: string) {
  const found = libav.Codec.findDecoder(codecIdOf(libav, codec));
  if (found === null) {
    throw new VideoError(
      'unsupported-codec',
      `${name} is coded as ${codec}, which this node-av cannot decode: convert it to H.264`,
    );
  }
  return found;
}

/** Opens a libav decoder; native planes come out, corrupt packets are passed over as FFmpeg does. */
export async function openLibAvDecoder(
  libav: LibAv,
  track: VideoTrack,
  name: string,
  threads: number,
): Promise<PacketDecoder> {
  const codec = findDecoder(libav, track.codec, name);
  const context = new libav.CodecContext();
  context.allocContext3(codec);
  context.width = track.codedWidth;
  context.height = track.codedHeight;
  context.threadCount = threads;
  const { description } = track.decoderConfig;
  if (description !== undefined) context.extraData = toBuffer(description);
  // Strict: H.264 frames leave in display order even where the stream does not say how far they are reordered.
  context.setOption('strict', 'strict');
  // Not open2Sync: it frees its options twice.
  const opened = await context.open2(codec, null);
  if (opened < 0) {
    context.freeContext();
    throw new VideoError('undecodable', `${name} cannot be decoded: ${libav.FFmpegError.strerror(opened)}`);
  }
  const packet = new libav.Packet();
  packet.alloc();
  const frame = new libav.Frame();
  frame.alloc();

  const wanted = new Set<number>();
  let isOpen = true;
  let isFresh = true;
  let sawDamage = false;
  let lastPause = performance.now();

  const receive = (): DecodedPicture[] => {
    const pictures: DecodedPicture[] = [];
    for (let errors = 0; errors < MAX_RECEIVE_ERRORS;) {
      const code = context.receiveFrameSync(frame);
      if (code === libav.AVERROR_EAGAIN || code === libav.AVERROR_EOF) break;
      if (code < 0) {
        errors++;
        sawDamage = true;
        continue;
      }
      if (frame.decodeErrorFlags !== 0) sawDamage = true;
      const rank = Number(frame.pts);
      if (wanted.delete(rank)) {
        pictures.push({ rank, picture: copyPicture(libav, frame, track.colorSpace), isBrowserConverted: false });
      }
      frame.unref();
    }
    return pictures;
  };

  return {
    get sawDamage() {
      return sawDamage;
    },
    async decode({ data, isKey, rank, isWanted }) {
      // An empty packet would tell libav that the stream ends.
      if (!isOpen || data.length === 0) return [];
      if (performance.now() - lastPause > PAUSE_AFTER_MS) {
        await setImmediate();
        lastPause = performance.now();
      }
      if (isWanted) wanted.add(rank);
      if (isFresh) {
        isFresh = false;
        sawDamage = false;
      }
      packet.data = toBuffer(data);
      packet.pts = BigInt(rank);
      packet.isKeyframe = isKey;
      // A damaged packet is refused or half decoded; either way decoding goes on with the next.
      if (context.sendPacketSync(packet) < 0) sawDamage = true;
      packet.unref();
      return receive();
    },
    async flush() {
      if (!isOpen) return [];
      context.sendPacketSync(null);
      const pictures = receive();
      context.flushBuffers();
      wanted.clear();
      isFresh = true;
      return pictures;
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      context.freeContext();
      frame.free();
      packet.free();
    },
  };
}

function toBuffer(data: AllowSharedBufferSource): Buffer {
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}
