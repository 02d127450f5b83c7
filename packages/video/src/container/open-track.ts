import {
  EncodedPacketSink,
  Input,
  type InputVideoTrack,
  Logging,
  LogLevel,
  MATROSKA,
  MP4,
  MPEG_TS,
  QTFF,
  type Source,
  UnsupportedInputFormatError,
  WEBM,
} from 'mediabunny';
import { type ColorMatrix, type ColorSpace, UNTAGGED_COLOR_SPACE } from '../picture.ts';
import { messageOf, VideoError } from '../video-error.ts';
import type { FileBytes } from './boxes.ts';
import { guardReads, sourceBytes } from './guard-reads.ts';
import { readPackets } from './read-packets.ts';
import type { VideoTrack } from './track.ts';
import { UnsupportedCodecError } from './unsupported-codec.ts';

/** An opened container. */
export interface OpenedContainer {
  readonly track: VideoTrack;
  /** Ends all reads and frees the source. */
  close(): void;
}

/**
 * Opens an mp4, mov, mkv, webm or MPEG transport stream and reads its packet table.
 *
 * @param name the source, for messages.
 * @throws {VideoError} of kind 'not-video', 'no-video-track', 'unsupported-codec' or 'undecodable'.
 */
export async function openContainer(source: Source, name: string): Promise<OpenedContainer> {
  // Errors are thrown to the caller; the demuxer's own remarks about odd files do not belong on the user's console.
  Logging.level = LogLevel.Silent;
  guardReads(source);
  const input = new Input({ source, formats: [MP4, QTFF, MATROSKA, WEBM, MPEG_TS] });
  try {
    return { track: await readTrack(input, await sourceBytes(source), name), close: () => input.dispose() };
  } catch (error) {
    input.dispose();
    if (error instanceof VideoError) throw error;
    if (error instanceof UnsupportedInputFormatError) {
      throw new VideoError(
        'not-video',
        `${name} is no video file of a known format: give an mp4, mov, mkv, webm or ts file`,
        { cause: error },
      );
    }
    throw new VideoError('not-video', `${name} cannot be read as a video: ${reasonOf(error)}`, { cause: error });
  }
}

async function readTrack(input: Input, bytes: FileBytes, name: string): Promise<VideoTrack> {
  const track = await input.getPrimaryVideoTrack();
  if (track === null) throw await missingTrackError(input, name);
  const orientation = { rotation: await track.getRotation(), isMirrored: await track.getFlip() };
  const codec = await track.getCodec();
  const decoderConfig = await track.getDecoderConfig();
  if (codec === null || decoderConfig === null) {
    const id = await track.getInternalCodecId();
    throw new UnsupportedCodecError(
      `${name} is coded as ${typeof id === 'string' ? `"${id.trim()}"` : 'something unknown'}, which is not supported: convert it to H.264`,
      orientation,
    );
  }
  const { timeline, packets } = await readPackets(new EncodedPacketSink(track), { id: track.id, codec }, bytes);
  if (timeline.frameTimestamps.length === 0) {
    throw new VideoError(
      'undecodable',
      timeline.packetTimestamps.length > 0
        ? `${name} shows no frame: its edit list leaves out every one`
        : `${name} has a video track without a single frame: the file is cut off or empty`,
    );
  }
  return {
    codec,
    decoderConfig,
    codedWidth: await track.getCodedWidth(),
    codedHeight: await track.getCodedHeight(),
    orientation,
    pixelAspectRatio: await readPixelAspectRatio(track),
    colorSpace: await readColorSpace(track),
    timeline,
    packets,
  };
}

async function missingTrackError(input: Input, name: string): Promise<VideoError> {
  const tracks = await input.getTracks();
  if (tracks.length === 0) {
    return new VideoError(
      'not-video',
      `${name} has no index of its contents: it was cut off before the end; fetch it again`,
    );
  }
  const kinds = tracks.every((track) => track.isAudioTrack()) ? 'it holds sound only' : 'it holds no pictures';
  return new VideoError('no-video-track', `${name} has no video track: ${kinds}`);
}

async function readPixelAspectRatio(track: InputVideoTrack): Promise<number> {
  const { num, den } = await track.getPixelAspectRatio();
  return num > 0 && den > 0 ? num / den : 1;
}

const MATRICES: Readonly<Record<string, ColorMatrix>> = {
  bt709: 'bt709',
  smpte170m: 'bt601',
  bt470bg: 'bt601',
  'bt2020-ncl': 'bt2020',
};

async function readColorSpace(track: InputVideoTrack): Promise<ColorSpace> {
  const { matrix, fullRange } = await track.getColorSpace();
  return {
    matrix: MATRICES[matrix ?? ''] ?? UNTAGGED_COLOR_SPACE.matrix,
    fullRange: fullRange ?? UNTAGGED_COLOR_SPACE.fullRange,
  };
}

/** What to tell: the system's own words where reading failed; a demuxer's only say where it stumbled. */
function reasonOf(error: unknown): string {
  const isSystemError = error instanceof Error && 'code' in error && typeof error.code === 'string';
  return isSystemError ? messageOf(error) : 'its structure is damaged; fetch or export it again';
}
