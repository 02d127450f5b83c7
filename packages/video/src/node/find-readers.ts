import type { DecoderName } from '../video.ts';
import { messageOf, VideoError } from '../video-error.ts';
import { programRuns } from './ffmpeg-program.ts';
import type { LibAv } from './libav.ts';

/** What Node may have installed. */
export interface NodeDecoders {
  readonly loadLibAv: () => Promise<LibAv>;
  /** The program's name or path. */
  readonly ffmpeg: string;
}

/** What reads a video: node-av where it loads, else the `ffmpeg` program where it runs; both null where neither does. */
export interface NodeReaders {
  readonly libav: LibAv | null;
  readonly ffmpeg: string | null;
  /** Why node-av is not used though it is installed; empty where it is not installed, not asked for, or used. */
  readonly libavProblem: string;
}

/** Finds what reads videos, as `wanted` asks. */
export type FindReaders = (wanted: DecoderName | undefined, name: string) => Promise<NodeReaders>;

/**
 * Makes the search for readers. A node-av that is installed and does not load is told once, as a warning of the process, where
 * the `ffmpeg` program reads in its place.
 *
 * The search rejects with a VideoError of kind 'no-decoder' where the reader that was asked for is not there.
 */
export function createFindReaders({ loadLibAv, ffmpeg }: NodeDecoders): FindReaders {
  let hasFfmpeg: Promise<boolean> | undefined;
  let isWarned = false;
  return async (wanted, name) => {
    if (wanted === 'webcodecs') {
      throw new VideoError('no-decoder', `${name}: WebCodecs is part of browsers; in Node ask for node-av or ffmpeg`);
    }
    let libavProblem = '';
    if (wanted !== 'ffmpeg') {
      try {
        return { libav: await loadLibAv(), ffmpeg: null, libavProblem };
      } catch (error) {
        if (wanted === 'node-av') {
          const message = `cannot decode ${name} with node-av: run "npm install node-av@6.1.1" (${messageOf(error)})`;
          throw new VideoError('no-decoder', message, { cause: error });
        }
        if (!isAbsent(error)) libavProblem = messageOf(error);
      }
    }
    if (!(await (hasFfmpeg ??= programRuns(ffmpeg)))) {
      if (wanted !== 'ffmpeg') return { libav: null, ffmpeg: null, libavProblem };
      throw new VideoError('no-decoder', `cannot decode ${name} with ffmpeg: put it on the PATH`);
    }
    if (libavProblem !== '' && !isWarned) {
      isWarned = true;
      process.emitWarning(
        `node-av is installed and does not load (${libavProblem}): the ffmpeg program reads videos in its place, slower`,
        { code: 'UMT_VIDEO_NODE_AV' },
      );
    }
    return { libav: null, ffmpeg, libavProblem };
  };
}

/** True where node-av itself is not installed; what it needs may be missing all the same. */
function isAbsent(error: unknown): boolean {
  const isNotFound = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
  return isNotFound && /package 'node-av'/.test(error.message);
}
