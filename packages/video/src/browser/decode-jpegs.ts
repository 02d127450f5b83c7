import { damagedImage, type DecodeJpegs, JPEG_COLOR_SPACE } from '../jpeg.ts';
import { messageOf, VideoError } from '../video-error.ts';
import { copyVideoFrame } from './frame-copy.ts';

/** Decodes JPEG images with WebCodecs' `ImageDecoder`, or through a bitmap where a browser has none. */
export const decodeJpegs: DecodeJpegs = async function* (images, { name = 'the image', decoder } = {}) {
  if (decoder !== undefined && decoder !== 'webcodecs') {
    throw new VideoError('no-decoder', `${name}: ${decoder} runs in Node only; in browsers leave the decoder out`);
  }
  for (const [number, image] of images.entries()) {
    const frame = await decoded(new Uint8Array(image)).catch((error: unknown) => {
      throw damagedImage(name, number, messageOf(error));
    });
    try {
      yield (await copyVideoFrame(frame, JPEG_COLOR_SPACE)).picture;
    } finally {
      frame.close();
    }
  }
};

async function decoded(data: Uint8Array<ArrayBuffer>): Promise<VideoFrame> {
  if (typeof ImageDecoder !== 'undefined') {
    const decoder = new ImageDecoder({ data, type: 'image/jpeg' });
    try {
      return (await decoder.decode()).image;
    } finally {
      decoder.close();
    }
  }
  const bitmap = await createImageBitmap(new Blob([data], { type: 'image/jpeg' }));
  try {
    return new VideoFrame(bitmap, { timestamp: 0 });
  } finally {
    bitmap.close();
  }
}
