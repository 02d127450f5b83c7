import type { DecodeJpegs } from './jpeg.ts';
import { createDecodeJpegs } from './node/decode-jpegs.ts';
import { nodePlatform } from './node/platform.ts';
import { createOpenVideo, type OpenVideo } from './open-video.ts';

export * from './api.ts';
export { openJpegEncoder } from './node/libav-jpeg-encoder.ts';

/**
 * Opens a video in Node: mp4, mov, mkv, webm, ts, avi, flv, wmv, mpg, gif and others that FFmpeg knows, from a path, an
 * http(s) address, a Blob or bytes. Decodes with node-av where it is installed, else with the `ffmpeg` program.
 *
 * @throws {VideoError} one line naming the file; see {@link VideoErrorKind} for the kinds.
 */
export const openVideo: OpenVideo = createOpenVideo(nodePlatform());

/** Decodes JPEG images in Node: with node-av where it is installed, else with the `ffmpeg` program. */
export const decodeJpegs: DecodeJpegs = createDecodeJpegs();
