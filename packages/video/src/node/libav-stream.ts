import { setImmediate } from 'node:timers/promises';
import type { CodecContext, FormatContext, Frame, Packet, Stream } from 'node-av/lib';
import { VideoError } from '../video-error.ts';
import { codecName, FORMATS, MAX_PIXELS, PROTOCOLS } from './formats.ts';
import type { LibAv } from './libav.ts';

/** Decoding runs synchronously (twice as fast on small frames); this often the event loop gets its turn. */
const PAUSE_AFTER_MS = 15;

/** Failed receives in a row after which a damaged stream is left alone until the next packet. */
const MAX_RECEIVE_ERRORS = 32;

/** Reads in a row that give nothing before the file is taken for ended. */
const MAX_IDLE_READS = 1000;

/** The first video stream of an opened file, with its decoder. */
export interface LibAvStream {
  readonly stream: Stream;
  readonly codec: string;
  /** True when every packet of this codec is decoded by itself. */
  readonly isIntraOnly: boolean;
  /** Packets of the stream that were read so far. */
  readonly packetCount: number;
  /** True once a packet was refused or a frame could not be decoded. */
  readonly sawDamage: boolean;
  /**
   * Decodes from the first packet to the last and yields each frame in display order, as FFmpeg does; a frame is valid until
   * the next. To be run once.
   *
   * @param isNeeded whether the packet of a place in the stream is to be decoded.
   */
  frames(isNeeded: (packet: number) => boolean): AsyncGenerator<Frame>;
  /** Frees everything. Safe to call twice. */
  close(): void;
}

/**
 * Opens a file with libav's demuxers.
 *
 * @param name the source, for messages.
 * @returns null when libav does not know the format.
 * @throws {VideoError} of kind 'no-video-track', 'unsupported-codec' or 'undecodable'.
 */
export async function openLibAvStream(
  libav: LibAv,
  path: string,
  name: string,
  threads: number,
): Promise<LibAvStream | null> {
  const format = new libav.FormatContext();
  format.allocContext();
  format.setOption('format_whitelist', FORMATS);
  format.setOption('protocol_whitelist', PROTOCOLS);
  // A failed call frees the context itself. The prefix keeps names with a colon or percent sign from being interpreted.
  if ((await format.openInput(`file:${path}`)) < 0) return null;
  try {
    await format.findStreamInfo();
    const stream = format.streams.find(
      ({ codecpar, disposition }) =>
        codecpar.codecType === libav.AVMEDIA_TYPE_VIDEO && (disposition & libav.AV_DISPOSITION_ATTACHED_PIC) === 0,
    );
    if (stream === undefined) throw new VideoError('no-video-track', `${name} has no video track`);
    const context = await openDecoder(libav, stream, name, threads);
    return decodingStream(libav, format, stream, context);
  } catch (error) {
    format.closeInputSync();
    throw error;
  }
}

async function openDecoder(libav: LibAv, stream: Stream, name: string, threads: number): Promise<CodecContext> {
  const codec = libav.Codec.findDecoder(stream.codecpar.codecId);
  if (codec === null) {
    const known = libav.avGetCodecName(stream.codecpar.codecId) ?? 'unknown_codec';
    throw new VideoError(
      'unsupported-codec',
      `${name} is coded as ${known === 'none' ? 'something unknown' : known}, which node-av cannot decode: convert it to H.264`,
    );
  }
  const context = new libav.CodecContext();
  context.allocContext3(codec);
  stream.codecpar.toContext(context);
  context.pktTimebase = stream.timeBase;
  context.threadCount = threads;
  context.setOption('max_pixels', MAX_PIXELS);
  // Not open2Sync: it frees its options twice.
  const opened = await context.open2(codec, null);
  if (opened >= 0) return context;
  context.freeContext();
  throw new VideoError('undecodable', `${name} cannot be decoded: ${libav.FFmpegError.strerror(opened)}`);
}

function decodingStream(libav: LibAv, format: FormatContext, stream: Stream, context: CodecContext): LibAvStream {
  const packet = new libav.Packet();
  packet.alloc();
  const frame = new libav.Frame();
  frame.alloc();
  const streamIndex = stream.index;
  let isOpen = true;
  let packetCount = 0;
  let sawDamage = false;
  const isEnd = (code: number) => code === libav.AVERROR_EAGAIN || code === libav.AVERROR_EOF;

  function* receive(): Generator<Frame> {
    for (let errors = 0; isOpen && errors < MAX_RECEIVE_ERRORS;) {
      const code = context.receiveFrameSync(frame);
      if (isEnd(code)) return;
      if (code < 0) {
        errors++;
        sawDamage = true;
        continue;
      }
      if (frame.decodeErrorFlags !== 0) sawDamage = true;
      yield frame;
    }
  }

  const send = (next: Packet | null) => {
    if (context.sendPacketSync(next) < 0) sawDamage = true;
  };

  return {
    stream,
    codec: codecName(libav.avGetCodecName(stream.codecpar.codecId) ?? 'unknown'),
    isIntraOnly: stream.codecpar.hasProperties(libav.AV_CODEC_PROP_INTRA_ONLY),
    get packetCount() {
      return packetCount;
    },
    get sawDamage() {
      return sawDamage;
    },
    async *frames(isNeeded) {
      let lastPause = performance.now();
      for (let idle = 0; isOpen && idle < MAX_IDLE_READS;) {
        if (performance.now() - lastPause > PAUSE_AFTER_MS) {
          await setImmediate();
          lastPause = performance.now();
          if (!isOpen) return;
        }
        const code = format.readFrameSync(packet);
        if (code === libav.AVERROR_EAGAIN) {
          idle++;
          continue;
        }
        if (code < 0) break;
        idle = 0;
        const isOurs = packet.streamIndex === streamIndex && isNeeded(packetCount);
        if (packet.streamIndex === streamIndex) packetCount++;
        // An empty packet would tell the decoder that the stream ends.
        if (isOurs && packet.size > 0) send(packet);
        packet.unref();
        if (isOurs) yield* receive();
      }
      if (!isOpen) return;
      send(null);
      yield* receive();
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      context.freeContext();
      frame.free();
      packet.free();
      format.closeInputSync();
    },
  };
}
