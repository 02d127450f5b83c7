import type { OpenJpegEncoder } from '../jpeg-encoder.ts';
import { jpegPlanes } from '../jpeg-planes.ts';
import { VideoError } from '../video-error.ts';
import { loadLibAv } from './libav.ts';

const WORST_QUALITY = 31;

/** Opens FFmpeg's JPEG encoder through node-av. See the browser-safe declaration for the contract. */
export const openJpegEncoder: OpenJpegEncoder = async ({ width, height, quality = 2 }) => {
  if (![width, height].every((side) => Number.isInteger(side) && side >= 1 && side <= 65500)) {
    throw new VideoError(
      'bad-argument',
      `a JPEG file cannot be ${width}x${height}: give whole numbers from 1 to 65500`,
    );
  }
  if (!(Number.isInteger(quality) && quality >= 1 && quality <= WORST_QUALITY)) {
    throw new VideoError(
      'bad-argument',
      `quality must be a whole number from 1 (best) to 31 (smallest), got ${quality}`,
    );
  }
  const libav = await loadLibAv().catch((cause: unknown) => {
    throw new VideoError('no-decoder', 'cannot write JPEG files: install node-av', { cause });
  });
  const codec = libav.Codec.findEncoder(libav.AV_CODEC_ID_MJPEG);
  if (codec === null) throw new VideoError('no-decoder', 'cannot write JPEG files: this node-av has no MJPEG encoder');
  const context = new libav.CodecContext();
  context.allocContext3(codec);
  context.width = width;
  context.height = height;
  context.timeBase = new libav.Rational(1, 1);
  context.pixelFormat = libav.AV_PIX_FMT_YUVJ420P;
  context.threadCount = 1;
  context.qMin = quality;
  context.qMax = quality;
  // No comment with the version of the encoder in each file.
  context.setFlags(libav.AV_CODEC_FLAG_BITEXACT);
  // Not open2Sync: it frees its options twice.
  const opened = await context.open2(codec, null);
  if (opened < 0) {
    context.freeContext();
    throw new VideoError('no-decoder', `the JPEG encoder does not start: ${libav.FFmpegError.strerror(opened)}`);
  }
  const frame = new libav.Frame();
  frame.alloc();
  frame.width = width;
  frame.height = height;
  frame.format = libav.AV_PIX_FMT_YUVJ420P;
  libav.FFmpegError.throwIfError(frame.getBuffer(), 'allocate a frame');
  const packet = new libav.Packet();
  packet.alloc();
  let count = 0;
  let isOpen = true;
  return {
    encode(image) {
      if (!isOpen) throw new VideoError('closed', 'the JPEG encoder was closed');
      if (image.width !== width || image.height !== height) {
        const sizes = `${image.width}x${image.height}, not ${width}x${height}`;
        throw new VideoError('bad-argument', `the image is ${sizes}: open an encoder for each size`);
      }
      const planes = jpegPlanes(image);
      libav.FFmpegError.throwIfError(frame.fromBuffer(Buffer.from(planes.buffer)), 'fill a frame');
      frame.pts = BigInt(count++);
      libav.FFmpegError.throwIfError(context.sendFrameSync(frame), 'encode a frame');
      libav.FFmpegError.throwIfError(context.receivePacketSync(packet), 'encode a frame');
      const file = Uint8Array.from(packet.data ?? []);
      packet.unref();
      return file;
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      context.freeContext();
      frame.free();
      packet.free();
    },
  };
};
