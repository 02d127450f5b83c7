import { open, stat } from 'node:fs/promises';
import { BlobSource, BufferSource, FilePathSource } from 'mediabunny';
import { addressSource, isAddress } from '../address-source.ts';
import { checkIndex, memoryBytes } from '../container/check-index.ts';
import { packetFrameReader } from '../decode/packet-frame-reader.ts';
import type { OpenedSource, Platform } from '../open-video.ts';
import type { VideoSource } from '../video.ts';
import { emptySourceError, VideoError } from '../video-error.ts';
import { ffmpegFrameReader } from './ffmpeg-program.ts';
import { fileFor, pathOf } from './file-for.ts';
import { createFindReaders, type NodeDecoders, type NodeReaders } from './find-readers.ts';
import { FORMAT_NAMES } from './formats.ts';
import { findDecoder, openLibAvDecoder } from './libav-decoder.ts';
import { loadLibAv } from './libav.ts';
import { isUnknownFormat, openOtherwise, removing } from './open-otherwise.ts';

/** Node: files by path; decoding by node-av where installed, else by the `ffmpeg` program. */
export function nodePlatform(decoders: NodeDecoders = { loadLibAv, ffmpeg: 'ffmpeg' }): Platform {
  const findReaders = createFindReaders(decoders);
  return {
    openSource,
    async openReader(track, source, name, { decoder, threads = 1 }) {
      const { libav, ffmpeg, libavProblem } = await findReaders(decoder, name);
      if (libav !== null) {
        findDecoder(libav, track.codec, name);
        const openDecoder = () => openLibAvDecoder(libav, track, name, threads);
        return { decoder: 'node-av', reader: packetFrameReader(track, openDecoder, name) };
      }
      if (ffmpeg === null) {
        const missing =
          libavProblem === '' ? 'nothing that decodes video is installed' : `node-av does not load (${libavProblem})`;
        throw new VideoError(
          'no-decoder',
          `cannot decode ${name}: ${missing}; run "npm install node-av@6.1.1" or put ffmpeg on the PATH`,
        );
      }
      const local = await fileFor(source, name, false);
      const { colorSpace } = track;
      const reader = ffmpegFrameReader({ command: ffmpeg, file: local.file, name, colorSpace, threads });
      return { decoder: 'ffmpeg', reader: removing(reader, local) };
    },
    async openOtherwise(source, name, options, problem) {
      if (options.decoder === 'webcodecs') return null;
      const readers = await findReaders(options.decoder, name);
      if (readers.libav === null && readers.ffmpeg === null) throw withAdvice(problem, readers);
      return openOtherwise(readers, source, name, options, inNode(problem, name));
    },
  };
}

/** The demuxer's message, with the formats that Node can read besides. */
function inNode(problem: VideoError, name: string): VideoError {
  if (!isUnknownFormat(problem)) return problem;
  return new VideoError('not-video', `${name} is no video file of a known format: give an ${FORMAT_NAMES} file`, {
    cause: problem.cause,
  });
}

/** The demuxer's message, with what to install where that could read the file. */
function withAdvice(problem: VideoError, { libavProblem }: NodeReaders): VideoError {
  if (!isUnknownFormat(problem) && problem.kind !== 'unsupported-codec') return problem;
  const missing = libavProblem === '' ? '' : `; node-av does not load (${libavProblem})`;
  const advice = 'for more formats run "npm install node-av@6.1.1" or put ffmpeg on the PATH';
  return new VideoError(problem.kind, `${problem.message}${missing}; ${advice}`, { cause: problem.cause });
}

async function openSource(source: VideoSource, givenName: string | undefined): Promise<OpenedSource> {
  if (typeof source === 'string' || source instanceof URL) {
    const name = `"${givenName ?? String(source)}"`;
    if (isAddress(source)) return { source: addressSource(source, name), name };
    const path = pathOf(source);
    await checkFile(path, name);
    return { source: new FilePathSource(path, { handleUnhandledError: () => undefined }), name };
  }
  const name = givenName === undefined ? 'the video data' : `"${givenName}"`;
  if ((source instanceof Blob ? source.size : source.byteLength) === 0) throw emptySourceError(name);
  await checkIndex(memoryBytes(source), name);
  return {
    source:
      source instanceof Blob
        ? new BlobSource(source, { handleUnhandledError: () => undefined })
        : new BufferSource(source),
    name,
  };
}

async function checkFile(path: string, name: string): Promise<void> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' || error.code === 'ENOTDIR'
      ? new VideoError('not-found', `${name} does not exist: check the path`, { cause: error })
      : new VideoError('not-found', `${name} cannot be opened: ${error.message}`, { cause: error });
  });
  if (info.isDirectory()) throw new VideoError('not-video', `${name} is a folder: give a video file`);
  if (info.size === 0) throw emptySourceError(name);
  const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new VideoError('not-found', `${name} cannot be opened: ${error.message}`, { cause: error });
  });
  try {
    const read = async (from: number, length: number) => {
      const { buffer, bytesRead } = await handle.read({ buffer: new Uint8Array(length), position: from });
      return buffer.subarray(0, bytesRead);
    };
    await checkIndex({ length: info.size, read }, name);
  } finally {
    await handle.close();
  }
}
