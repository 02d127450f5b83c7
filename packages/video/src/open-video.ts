import type { Source } from 'mediabunny';
import { openContainer, type OpenedContainer } from './container/open-track.ts';
import type { VideoFacts, VideoTrack } from './container/track.ts';
import type { FrameReader, ReadFrame } from './decode/frame-reader.ts';
import { orientPicture } from './orient.ts';
import type { DecoderName, Frame, OpenVideoOptions, Video, VideoSource } from './video.ts';
import { messageOf, VideoError } from './video-error.ts';

/** Bytes ready to be demuxed. */
export interface OpenedSource {
  readonly source: Source;
  /** For messages: the path or address in quotes, or what stands for it. */
  readonly name: string;
}

/** Reads frames of a track. */
export interface OpenedReader {
  readonly decoder: DecoderName;
  readonly reader: FrameReader;
}

/** A video that is demuxed and decoded by one and the same library. */
export interface OpenedFile extends OpenedReader {
  readonly facts: VideoFacts;
}

/** What Node and browsers do differently. */
export interface Platform {
  /** Finds the bytes. Throws 'not-found' or 'not-video' (an empty file). */
  openSource(source: VideoSource, name: string | undefined): Promise<OpenedSource>;
  /** Picks a decoder for the track. Throws 'no-decoder' or 'unsupported-codec'. */
  openReader(track: VideoTrack, source: VideoSource, name: string, options: OpenVideoOptions): Promise<OpenedReader>;
  /**
   * Tries a file that the demuxer cannot read, or whose codec it does not know.
   *
   * @param problem what the demuxer says.
   * @returns null where there is nothing else that reads video files; rejects with `problem`, or with what is wrong.
   */
  openOtherwise?(
    source: VideoSource,
    name: string,
    options: OpenVideoOptions,
    problem: VideoError,
  ): Promise<OpenedFile | null>;
}

/**
 * Opens a video: reads its index and picks a decoder, decoding nothing yet. (What only FFmpeg can demux is decoded once, to
 * count its frames.)
 */
export type OpenVideo = (source: VideoSource, options?: OpenVideoOptions) => Promise<Video>;

/** Makes `openVideo` for a platform. */
export function createOpenVideo(platform: Platform): OpenVideo {
  return async (source, options = {}) => {
    const opened = await platform.openSource(source, options.name);
    let container: OpenedContainer;
    try {
      container = await openContainer(opened.source, opened.name);
    } catch (error) {
      if (!(error instanceof VideoError) || error.kind === 'not-found') throw error;
      const other = await platform.openOtherwise?.(source, opened.name, options, error);
      if (other === undefined || other === null) throw error;
      return videoOf(other.facts, other.decoder, other.reader, opened.name, () => undefined);
    }
    try {
      const { decoder, reader } = await platform.openReader(container.track, source, opened.name, options);
      return videoOf(container.track, decoder, reader, opened.name, () => container.close());
    } catch (error) {
      container.close();
      throw error;
    }
  };
}

function videoOf(
  track: VideoFacts,
  decoder: DecoderName,
  reader: FrameReader,
  name: string,
  closeContainer: () => void,
): Video {
  const { timeline, orientation, colorSpace } = track;
  const isQuarter = orientation.rotation === 90 || orientation.rotation === 270;
  const frameCount = timeline.frameTimestamps.length;
  let isClosed = false;
  const checkOpen = () => {
    if (isClosed) throw new VideoError('closed', `${name} was closed: open it again to read frames`);
  };
  const frameOf = ({ index, shownIndex, picture, isBrowserConverted }: ReadFrame): Frame => ({
    ...orientPicture(picture, orientation),
    index,
    timestampSeconds: timeline.frameTimestamps[shownIndex] ?? 0,
    isSubstitute: shownIndex !== index,
    isBrowserConverted,
  });
  return {
    frameCount,
    width: isQuarter ? track.codedHeight : track.codedWidth,
    height: isQuarter ? track.codedWidth : track.codedHeight,
    durationSeconds: timeline.durationSeconds,
    frameTimestamps: timeline.frameTimestamps,
    codec: track.codec,
    rotation: orientation.rotation,
    pixelAspectRatio: isQuarter ? 1 / track.pixelAspectRatio : track.pixelAspectRatio,
    colorSpace,
    decoder,
    async *frames(indices) {
      checkOpen();
      if (indices.length === 0) return;
      for (const index of indices) {
        if (!(Number.isInteger(index) && index >= 0 && index < frameCount)) {
          throw new VideoError(
            'bad-argument',
            `frame ${index} of ${name} does not exist: it has frames 0 to ${frameCount - 1}`,
          );
        }
      }
      try {
        for await (const frame of inAskedOrder(indices, (wanted) => reader.read(wanted), frameOf)) {
          yield frame;
          checkOpen();
        }
      } catch (error) {
        checkOpen();
        if (error instanceof VideoError) throw error;
        throw new VideoError('undecodable', `${name} cannot be decoded: ${messageOf(error)}`, { cause: error });
      }
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      closeContainer();
      await reader.close();
    },
  };
}

/** Reads each index once, ascending, and yields in the order asked, holding what comes before its turn. */
async function* inAskedOrder(
  asked: readonly number[],
  read: (frames: readonly number[]) => AsyncGenerator<ReadFrame>,
  frameOf: (read: ReadFrame) => Frame,
): AsyncGenerator<Frame, void, undefined> {
  const uses = new Map<number, number>();
  for (const index of asked) uses.set(index, (uses.get(index) ?? 0) + 1);
  const ready = new Map<number, Frame>();
  let next = 0;
  for await (const decoded of read([...uses.keys()].sort((a, b) => a - b))) {
    ready.set(decoded.index, frameOf(decoded));
    for (;;) {
      const index = asked[next];
      const frame = index === undefined ? undefined : ready.get(index);
      if (index === undefined || frame === undefined) break;
      const left = (uses.get(index) ?? 1) - 1;
      uses.set(index, left);
      if (left === 0) ready.delete(index);
      next++;
      yield frame;
    }
  }
}
