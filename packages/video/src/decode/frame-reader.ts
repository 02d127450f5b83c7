import type { Picture } from '../picture.ts';

/** A picture that was read for a frame index. */
export interface ReadFrame {
  /** The frame that was asked for. */
  readonly index: number;
  readonly picture: Picture;
  readonly isBrowserConverted: boolean;
  /** The frame whose picture it is: `index`, or the nearest that could be decoded where the file is damaged. */
  readonly shownIndex: number;
}

/** Reads frames of one video. */
export interface FrameReader {
  /**
   * Yields each frame once, not strictly in order where the file is damaged.
   *
   * @param frames unique frame indices, ascending.
   */
  read(frames: readonly number[]): AsyncGenerator<ReadFrame>;
  /** Frees what the reader holds. */
  close(): Promise<void>;
}
