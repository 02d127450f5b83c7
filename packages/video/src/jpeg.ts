import type { ColorSpace, Picture } from './picture.ts';
import type { DecoderName } from './video.ts';
import { VideoError } from './video-error.ts';

/** How to decode JPEG images. */
export interface DecodeJpegOptions {
  /** What messages call the images. Default `the image`. */
  readonly name?: string;
  /** Which decoder to use; by default the best that is here. Asking for one that is not here is an error. */
  readonly decoder?: DecoderName;
}

/**
 * Decodes JPEG images, one picture after the other: native planes, as in video, or RGBA where a browser hides them.
 * Give those of one size in one call: where a program has to be started, it is started once.
 *
 * Rejects with a VideoError of kind 'undecodable' for an image that is damaged, 'no-decoder' where nothing decodes.
 */
export type DecodeJpegs = (
  images: readonly Uint8Array[],
  options?: DecodeJpegOptions,
) => AsyncGenerator<Picture, void, undefined>;

/** What JPEG files hold (JFIF): BT.601, full range. */
export const JPEG_COLOR_SPACE: ColorSpace = { matrix: 'bt601', fullRange: true };

/** The error for an image that cannot be decoded. */
export function damagedImage(name: string, number: number, cause: string): VideoError {
  return new VideoError('undecodable', `image ${number} of ${name} cannot be decoded: ${cause}`);
}
