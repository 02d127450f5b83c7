import { damagedImage, JPEG_COLOR_SPACE } from '../jpeg.ts';
import type { Picture } from '../picture.ts';
import { VideoError } from '../video-error.ts';
import { copyPicture } from './libav-picture.ts';
import type { LibAv } from './libav.ts';

/** Decodes one image. */
export type LibAvJpegDecoder = (image: Uint8Array, name: string, number: number) => Picture;

let opening: Promise<LibAvJpegDecoder> | undefined;

/** The JPEG decoder of this thread, which stays open: an image needs no state of those before. */
export function libAvJpegDecoder(libav: LibAv): Promise<LibAvJpegDecoder> {
  return (opening ??= openDecoder(libav));
}

async function openDecoder(libav: LibAv): Promise<LibAvJpegDecoder> {
  const codec = libav.Codec.findDecoder(libav.AV_CODEC_ID_MJPEG);
  if (codec === null) throw new VideoError('no-decoder', 'this node-av has no JPEG decoder: install node-av@6.1.1');
  const context = new libav.CodecContext();
  context.allocContext3(codec);
  context.threadCount = 1;
  libav.FFmpegError.throwIfError(await context.open2(codec, null), 'open the JPEG decoder');
  const packet = new libav.Packet();
  packet.alloc();
  const frame = new libav.Frame();
  frame.alloc();
  return (image, name, number) => {
    packet.data = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
    packet.isKeyframe = true;
    const sent = image.length === 0 ? libav.AVERROR_EOF : context.sendPacketSync(packet);
    packet.unref();
    const received = sent < 0 ? sent : context.receiveFrameSync(frame);
    if (received < 0) {
      context.flushBuffers();
      throw damagedImage(name, number, libav.FFmpegError.strerror(received));
    }
    try {
      return copyPicture(libav, frame, JPEG_COLOR_SPACE);
    } finally {
      frame.unref();
    }
  };
}
