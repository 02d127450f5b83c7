import { UnsupportedInputFormatError } from 'mediabunny';
import { UnsupportedCodecError } from '../container/unsupported-codec.ts';
import type { FrameReader } from '../decode/frame-reader.ts';
import type { OpenedFile } from '../open-video.ts';
import type { OpenVideoOptions, VideoSource } from '../video.ts';
import { VideoError } from '../video-error.ts';
import { probeWithFfmpeg } from './ffmpeg-probe.ts';
import { ffmpegFrameReader } from './ffmpeg-program.ts';
import { fileFor, type LocalFile } from './file-for.ts';
import type { NodeReaders } from './find-readers.ts';
import { openLibAvFile } from './libav-file.ts';

/**
 * Opens a file whose container or codec the demuxer does not know (avi, flv, wmv, mpg, gif, MPEG-4 part 2, ...) with all
 * that FFmpeg knows.
 *
 * @param problem what the demuxer said.
 * @throws {VideoError} `problem` where FFmpeg does not know the file either, else what is wrong with it.
 */
export async function openOtherwise(
  { libav, ffmpeg }: NodeReaders,
  source: VideoSource,
  name: string,
  { threads = 1 }: OpenVideoOptions,
  problem: VideoError,
): Promise<OpenedFile> {
  if (libav === null && ffmpeg === null) throw problem;
  const local = await fileFor(source, name, true);
  try {
    if (libav !== null) {
      const opened = await openLibAvFile(libav, local.file, name, threads);
      if (opened === null) throw problem;
      return { decoder: 'node-av', facts: opened.facts, reader: removing(opened.reader, local) };
    }
    const command = ffmpeg ?? '';
    const probed = await probeWithFfmpeg(command, local.file, name, threads);
    if (probed === null) throw problem;
    const { needsRgb } = probed;
    const facts =
      problem instanceof UnsupportedCodecError ? { ...probed.facts, orientation: problem.orientation } : probed.facts;
    const rgbSize = needsRgb ? ([facts.codedWidth, facts.codedHeight] as const) : undefined;
    const { colorSpace } = facts;
    const reader = ffmpegFrameReader({ command, file: local.file, name, colorSpace, threads, rgbSize });
    return { decoder: 'ffmpeg', facts, reader: removing(reader, local) };
  } catch (error) {
    await local.remove();
    throw error instanceof VideoError && !tellsMore(error, problem) ? problem : error;
  }
}

/** True when FFmpeg's complaint is the better one: the demuxer that knows a container says best what is wrong with it. */
function tellsMore(error: VideoError, problem: VideoError): boolean {
  return isUnknownFormat(problem) || (problem.kind === 'unsupported-codec' && error.kind === 'undecodable');
}

/** True when the demuxer does not know the container. */
export function isUnknownFormat(problem: VideoError): boolean {
  return problem.cause instanceof UnsupportedInputFormatError;
}

/** Removes a temporary file when the reader is closed. */
export function removing(reader: FrameReader, { remove }: LocalFile): FrameReader {
  return {
    read: (frames) => reader.read(frames),
    async close() {
      await reader.close();
      await remove();
    },
  };
}
