import { VideoError } from './video-error.ts';
import type { RgbImage } from './to-rgb.ts';

/** What JPEG files are written with. */
export interface JpegEncoderOptions {
  /** Of every image, in pixels. */
  readonly width: number;
  readonly height: number;
  /** FFmpeg's `-q:v`: 1 is the best, 31 the smallest. Default 2. */
  readonly quality?: number;
}

/** Writes images of one size as JPEG files (JFIF, 4:2:0). */
export interface JpegEncoder {
  /** The bytes of one file: the same for the same pixels. @throws VideoError of kind 'bad-argument' for another size */
  encode(image: RgbImage): Uint8Array;
  /** Frees the encoder. Files that were given stay valid. */
  close(): void;
}

/**
 * Opens a JPEG encoder, in Node with node-av.
 *
 * @throws VideoError 'bad-argument' for a size or a quality that there is not; 'no-decoder' where node-av is not installed,
 * and always in browsers
 */
export type OpenJpegEncoder = (options: JpegEncoderOptions) => Promise<JpegEncoder>;

/** Browsers write no JPEG files. */
export const openJpegEncoder: OpenJpegEncoder = () =>
  Promise.reject(new VideoError('no-decoder', 'JPEG files are written in Node only'));
