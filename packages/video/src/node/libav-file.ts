import type { Frame, IRational } from 'node-av/lib';
import type { VideoFacts } from '../container/track.ts';
import type { FrameReader, ReadFrame } from '../decode/frame-reader.ts';
import { type ColorSpace, UNTAGGED_COLOR_SPACE } from '../picture.ts';
import { VideoError } from '../video-error.ts';
import { orientationOf } from './display-matrix.ts';
import { frameTimes } from './formats.ts';
import { copyPicture } from './libav-picture.ts';
import { type LibAvStream, openLibAvStream } from './libav-stream.ts';
import type { LibAv } from './libav.ts';

/** Seconds per frame where a file tells no frame rate. */
const DEFAULT_INTERVAL = 1 / 25;

/** Frames per second above which a rate is only the unit of time. */
const MAX_RATE = 1000;

/**
 * Opens a file that libav demuxes and decodes. The containers this serves do not say reliably how many frames they hold,
 * when they are shown and where decoding can start, so the file is decoded once to learn it: the frames are those that the
 * `ffmpeg` program gives, by construction.
 *
 * @param name the source, for messages.
 * @returns null when libav does not know the format.
 * @throws {VideoError} of kind 'no-video-track', 'unsupported-codec' or 'undecodable'.
 */
export async function openLibAvFile(
  libav: LibAv,
  path: string,
  name: string,
  threads: number,
): Promise<{ readonly facts: VideoFacts; readonly reader: FrameReader } | null> {
  const opened = await openLibAvStream(libav, path, name, threads);
  if (opened === null) return null;
  try {
    const { facts, isIndexed } = await scan(libav, opened, name);
    return { facts, reader: libAvFileReader(libav, { path, name, threads, facts, isIndexed }) };
  } finally {
    opened.close();
  }
}

/** Decodes the whole file, keeping no picture. */
async function scan(
  libav: LibAv,
  opened: LibAvStream,
  name: string,
): Promise<{ readonly facts: VideoFacts; readonly isIndexed: boolean }> {
  const { stream } = opened;
  const unit = stream.timeBase.num / stream.timeBase.den;
  const rate = [stream.avgFrameRate, stream.rFrameRate].find(
    ({ num, den }) => num > 0 && den > 0 && num / den <= MAX_RATE,
  );
  const times: number[] = [];
  let first: Pick<VideoFacts, 'codedWidth' | 'codedHeight' | 'pixelAspectRatio' | 'colorSpace'> | undefined;
  for await (const frame of opened.frames(() => true)) {
    first ??= {
      codedWidth: frame.width,
      codedHeight: frame.height,
      // The container's word goes before the codec's, as in FFmpeg.
      pixelAspectRatio: ratioOf(stream.sampleAspectRatio) ?? ratioOf(frame.sampleAspectRatio) ?? 1,
      colorSpace: colorSpaceOf(libav, frame),
    };
    const time = frame.bestEffortTimestamp;
    times.push(time === libav.AV_NOPTS_VALUE ? Number.NaN : Number(time) * unit);
  }
  if (first === undefined) {
    throw new VideoError(
      'undecodable',
      `no frame of ${name} can be decoded: the file is damaged or cut off; replace it`,
    );
  }
  return {
    facts: {
      codec: opened.codec,
      ...first,
      orientation: orientationOf(stream.codecpar.getCodedSideData(libav.AV_PKT_DATA_DISPLAYMATRIX)),
      timeline: frameTimes(times, rate === undefined ? DEFAULT_INTERVAL : rate.den / rate.num),
    },
    isIndexed: opened.isIntraOnly && !opened.sawDamage && opened.packetCount === times.length,
  };
}

const ratioOf = ({ num, den }: IRational): number | undefined => (num > 0 && den > 0 ? num / den : undefined);

interface LibAvFile {
  readonly path: string;
  readonly name: string;
  readonly threads: number;
  readonly facts: VideoFacts;
  /** True when packet i alone gives frame i, so that the others need no decoding. */
  readonly isIndexed: boolean;
}

/** Decodes from the start to the last wanted frame; packets that stand alone are decoded only where wanted. */
function libAvFileReader(libav: LibAv, file: LibAvFile): FrameReader {
  const running = new Set<LibAvStream>();
  let isClosed = false;
  return {
    async *read(frames) {
      const { path, name, threads, facts, isIndexed } = file;
      const opened = await openLibAvStream(libav, path, name, threads);
      if (opened === null) throw new VideoError('undecodable', `${name} cannot be read any more: was it replaced?`);
      running.add(opened);
      try {
        if (isClosed) return;
        const wanted = new Set(frames);
        let place = 0;
        let last: ReadFrame | undefined;
        for await (const frame of opened.frames((packet) => !isIndexed || wanted.has(packet))) {
          const index = isIndexed ? (frames[place++] ?? -1) : place++;
          if (!wanted.delete(index)) continue;
          const picture = copyPicture(libav, frame, facts.colorSpace);
          last = { index, shownIndex: index, picture, isBrowserConverted: false };
          yield last;
          if (wanted.size === 0) return;
        }
        if (isClosed) return;
        if (last === undefined) {
          throw new VideoError('undecodable', `no wanted frame of ${name} can be decoded: was the file replaced?`);
        }
        for (const index of wanted) yield { ...last, index };
      } finally {
        running.delete(opened);
        opened.close();
      }
    },
    close() {
      isClosed = true;
      for (const opened of running) opened.close();
      return Promise.resolve();
    },
  };
}

function colorSpaceOf(libav: LibAv, frame: Frame): ColorSpace {
  const { colorSpace, colorRange } = frame;
  return {
    matrix:
      colorSpace === libav.AVCOL_SPC_BT709
        ? 'bt709'
        : colorSpace === libav.AVCOL_SPC_BT2020_NCL
          ? 'bt2020'
          : UNTAGGED_COLOR_SPACE.matrix,
    fullRange: colorRange === libav.AVCOL_RANGE_JPEG,
  };
}
