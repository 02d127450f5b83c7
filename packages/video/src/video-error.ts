/**
 * What went wrong, for callers that handle kinds apart:
 * - `not-found`: no such file, or the address does not answer;
 * - `not-video`: empty, cut off before its index, or of no known container format;
 * - `no-video-track`: a media file without pictures;
 * - `unsupported-codec`: no decoder here reads this codec;
 * - `undecodable`: the file is damaged where the frame lies;
 * - `no-decoder`: nothing that decodes video is installed (the message says what to install);
 * - `closed`: the video was closed;
 * - `bad-argument`: the call itself is wrong.
 */
export type VideoErrorKind =
  | 'not-found'
  | 'not-video'
  | 'no-video-track'
  | 'unsupported-codec'
  | 'undecodable'
  | 'no-decoder'
  | 'closed'
  | 'bad-argument';

/** Every error of this package: one line that names the file and says what to do. */
export class VideoError extends Error {
  override readonly name = 'VideoError';
  readonly kind: VideoErrorKind;

  constructor(kind: VideoErrorKind, message: string, options?: { readonly cause?: unknown }) {
    // Names of files and codecs may hold anything.
    super(message.replaceAll(/\p{Cc}+/gu, ' '), options);
    this.kind = kind;
  }
}

/** The error for a source of no bytes. */
export function emptySourceError(name: string): VideoError {
  return new VideoError('not-video', `${name} is empty (0 bytes): it was not written or not fetched to the end`);
}

/** The message of whatever was thrown, on one line. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
