import { browserPlatform } from './browser/platform.ts';
import { createOpenVideo, type OpenVideo } from './open-video.ts';

export * from './api.ts';
export { openJpegEncoder } from './jpeg-encoder.ts';

/**
 * Opens a video in a browser: mp4, mov, mkv, webm or ts, from an address, a picked file or bytes. Decodes with WebCodecs.
 *
 * @throws {VideoError} one line naming the file; see {@link VideoErrorKind} for the kinds.
 */
export const openVideo: OpenVideo = createOpenVideo(browserPlatform);

export { decodeJpegs } from './browser/decode-jpegs.ts';
