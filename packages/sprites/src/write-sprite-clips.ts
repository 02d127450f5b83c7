import type { SpriteClass } from './classes.ts';
import type { ClipSetOptions } from './clip-set.ts';

/** What can write H.264: FFmpeg's libraries through node-av, or the `ffmpeg` program. */
export type EncoderName = 'node-av' | 'ffmpeg';

/** Which clips to write, and how. */
export interface WriteSpriteClipsOptions extends ClipSetOptions {
  /**
   * Folder of JPEGs and videos, parts of which lie behind the sprites, in place of drawn grounds. For test pictures that are
   * unseen in training, give each split a folder of its own.
   */
  readonly backgrounds?: string;
  /** Threads that render and encode; 0 does it here. Default the number of cores. */
  readonly workers?: number;
  /** What encodes. Default: node-av where it is installed, else the ffmpeg program. */
  readonly encoder?: EncoderName;
  /** Stops in good order once the clips under way are written; the same call goes on. */
  readonly signal?: AbortSignal;
  /** Told of every clip that is there. */
  readonly onProgress?: (progress: SpriteProgress) => void;
}

/** How far the writing is. */
export interface SpriteProgress {
  /** Clips that are there, those of earlier calls included. */
  readonly done: number;
  readonly clips: number;
}

/** A clip that was written. */
export interface WrittenSpriteClip {
  readonly path: string;
  readonly label: SpriteClass;
}

/** What came of it. */
export interface WrittenSpriteClips {
  /** All clips of the set, also those still to be written. */
  readonly clips: readonly WrittenSpriteClip[];
  /** How many this call wrote. */
  readonly written: number;
  /** How many are still to be written: other than 0 only where the signal stopped it. */
  readonly remaining: number;
}

/**
 * Writes generated clips as mp4 files (H.264, every frame coded by itself), in a folder for each class:
 * `<folder>/move-left/00000.mp4`, and beside them `labels.csv`, `captions.jsonl`, `questions.jsonl` and `answers.json`. A
 * folder that was begun with the same options is gone on with; it may grow, to more `clips`.
 *
 * @throws RangeError for options out of range
 * @throws SpriteFolderError for a folder that holds clips of other options
 * @throws NoEncoderError where nothing that encodes H.264 is installed; Error in browsers, which have no folders
 */
export function writeSpriteClips(_folder: string, _options: WriteSpriteClipsOptions): Promise<WrittenSpriteClips> {
  return Promise.reject(new Error('writeSpriteClips: browsers have no folders to write to; call renderSpriteClip'));
}
