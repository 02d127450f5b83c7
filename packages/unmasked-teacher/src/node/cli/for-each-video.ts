import { VideoError } from '@umt/video';
import { eventLine } from '../event-line.ts';
import type { CommandIo } from './io.ts';
import { statusLine, type StatusLine } from './status-line.ts';

/** What is wrong with one video, as opposed to this machine: the others can still be read. */
const OF_ONE_VIDEO: readonly string[] = [
  'not-found',
  'not-video',
  'no-video-track',
  'unsupported-codec',
  'undecodable',
];

/** One video of several while it is worked on. */
export interface VideoTurn {
  readonly path: string;
  /** Shows how many of its views were looked at. */
  readonly onView: (done: number, total: number) => void;
  /** The changing line, to be cleared before anything is printed. */
  readonly status: StatusLine;
}

/**
 * Works on videos one after the other. One that cannot be read becomes a line on `err`, and an event on `out` with `isJson`;
 * the others go on.
 *
 * @returns the exit code: 1 where a video could not be read
 */
export async function forEachVideo(
  videos: readonly string[],
  isJson: boolean,
  io: CommandIo,
  work: (turn: VideoTurn) => Promise<void>,
): Promise<number> {
  const status = statusLine(io);
  let exitCode = 0;
  for (const [index, path] of videos.entries()) {
    const place = videos.length > 1 ? `video ${index + 1} of ${videos.length}: ` : '';
    const onView = (done: number, total: number) =>
      status.show(`${place}${path}${total > 1 ? `, view ${done} of ${total}` : ''}`);
    status.show(`${place}${path}`);
    try {
      await work({ path, onView, status });
    } catch (error) {
      if (!(error instanceof VideoError) || !OF_ONE_VIDEO.includes(error.kind)) throw error;
      const message = error.message.split('\n')[0] ?? '';
      status.clear();
      if (isJson) io.out.write(eventLine({ type: 'error', path, name: error.name, message }));
      io.err.write(`umt: ${message}\n`);
      exitCode = 1;
    } finally {
      status.clear();
    }
  }
  return exitCode;
}
