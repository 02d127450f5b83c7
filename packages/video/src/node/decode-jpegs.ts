import type { DecodeJpegs } from '../jpeg.ts';
import { VideoError } from '../video-error.ts';
import { ffmpegJpegs } from './ffmpeg-jpeg.ts';
import { createFindReaders, type NodeDecoders } from './find-readers.ts';
import { libAvJpegDecoder } from './libav-jpeg.ts';
import { loadLibAv } from './libav.ts';

/** Makes `decodeJpegs` for Node: node-av where installed, else the `ffmpeg` program. */
export function createDecodeJpegs(decoders: NodeDecoders = { loadLibAv, ffmpeg: 'ffmpeg' }): DecodeJpegs {
  const findReaders = createFindReaders(decoders);
  return async function* (images, { name = 'the image', decoder } = {}) {
    const { libav, ffmpeg, libavProblem } = await findReaders(decoder, name);
    if (libav !== null) {
      const decode = await libAvJpegDecoder(libav);
      for (const [number, image] of images.entries()) yield decode(image, name, number);
    } else if (ffmpeg !== null) {
      yield* ffmpegJpegs(ffmpeg, images, name);
    } else {
      const missing =
        libavProblem === '' ? 'nothing that decodes JPEG is installed' : `node-av does not load (${libavProblem})`;
      throw new VideoError(
        'no-decoder',
        `cannot decode ${name}: ${missing}; run "npm install node-av@6.1.1" or put ffmpeg on the PATH`,
      );
    }
  };
}
