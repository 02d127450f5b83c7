import { VideoError } from '../video-error.ts';
import type { Orientation } from './track.ts';

/** A track that the demuxer reads and no decoder of its own knows; tells what FFmpeg's program would not. */
export class UnsupportedCodecError extends VideoError {
  /** What the file asks for; the program tells no mirroring. */
  readonly orientation: Orientation;

  constructor(message: string, orientation: Orientation) {
    super('unsupported-codec', message);
    this.orientation = orientation;
  }
}
