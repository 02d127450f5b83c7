import type { Rotation } from './container/track.ts';
import type { ColorSpace, Picture } from './picture.ts';

/** A frame of a video: upright native planes, copied out of the decoder and the caller's own. */
export interface Frame extends Picture {
  /** The index that was asked for. */
  readonly index: number;
  /** When the picture is shown, in seconds. */
  readonly timestampSeconds: number;
  /**
   * True when the frame itself could not be decoded because the file is damaged, and the nearest one that could stands in;
   * `timestampSeconds` is then that one's.
   */
  readonly isSubstitute: boolean;
  /** True where a browser gave RGBA of its own making because the decoder's native planes cannot be read. */
  readonly isBrowserConverted: boolean;
}

/** What decodes: the browser's WebCodecs, FFmpeg's libraries through node-av, or the `ffmpeg` program. */
export type DecoderName = 'webcodecs' | 'node-av' | 'ffmpeg';

/** Where a video comes from. In Node a string is a path or an http(s) address; in browsers it is an address. */
export type VideoSource = string | URL | Blob | Uint8Array | ArrayBuffer;

/** How to open a video. */
export interface OpenVideoOptions {
  /** Which decoder to use; by default the best that is here. Asking for one that is not here is an error. */
  readonly decoder?: DecoderName;
  /** Threads of a node-av or ffmpeg decoder; default 1, right where several workers decode at once. */
  readonly threads?: number;
  /** What messages call the video; default its path or address. */
  readonly name?: string;
}

/** An opened video. Its facts are known at once; frames are decoded on demand. Close it when done. */
export interface Video {
  readonly frameCount: number;
  /** Size of upright frames in pixels, as they are stored: `pixelAspectRatio` is not applied. */
  readonly width: number;
  readonly height: number;
  /** End of the last frame. */
  readonly durationSeconds: number;
  /** [frameCount] start of each frame in seconds, ascending; frame rates may vary. */
  readonly frameTimestamps: Float64Array;
  /** 'avc', 'hevc', 'vp8', 'vp9', 'av1', 'prores'; in Node also FFmpeg's name of any other ('mpeg4', 'wmv2', ...). */
  readonly codec: string;
  /** Clockwise turn that the file asks for; already applied to frames and size. */
  readonly rotation: Rotation;
  /**
   * Width of a pixel over its height in upright frames; 1 where the file says nothing. Frames come as they are stored, as the
   * ffmpeg program gives them: a player would show them `width * pixelAspectRatio` wide. Of an mp4, mov, mkv, webm or ts it is
   * as exact as a display size in whole pixels.
   */
  readonly pixelAspectRatio: number;
  /** As tagged by the file; untagged video is BT.601, limited range. */
  readonly colorSpace: ColorSpace;
  /** What decodes this video. */
  readonly decoder: DecoderName;
  /**
   * Decodes frames, in the order asked; an index asked twice is decoded once and given twice (the same object).
   * Only packets that the wanted frames refer to are decoded. Ascending indices stream; with others, frames that are
   * decoded before their turn are held.
   *
   * @param indices 0 <= index < frameCount.
   * @throws {VideoError} 'bad-argument' for an index out of range, 'closed' after close(), 'undecodable' when not one frame
   *   of the file can be decoded.
   */
  frames(indices: readonly number[]): AsyncGenerator<Frame, void, undefined>;
  /** Frees the file and the decoders. Frames that were given stay valid. Safe to call twice. */
  close(): Promise<void>;
}
