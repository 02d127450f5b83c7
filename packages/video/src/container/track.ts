import type { VideoCodec } from 'mediabunny';
import type { ColorSpace } from '../picture.ts';
import type { Timeline } from './timeline.ts';

/** Clockwise quarter turns, in degrees, that bring a decoded frame upright. */
export type Rotation = 0 | 90 | 180 | 270;

/** How decoded frames must be turned for display: rotated first, then mirrored left to right. */
export interface Orientation {
  readonly rotation: Rotation;
  readonly isMirrored: boolean;
}

/** What is known of a video whichever way it is read. */
export interface VideoFacts {
  readonly codec: string;
  /** Size of decoded frames in pixels, before rotation. */
  readonly codedWidth: number;
  readonly codedHeight: number;
  readonly orientation: Orientation;
  /** Width of a decoded pixel over its height, before rotation; 1 where nothing is said. */
  readonly pixelAspectRatio: number;
  readonly colorSpace: ColorSpace;
  readonly timeline: Pick<Timeline, 'frameTimestamps' | 'durationSeconds'>;
}

/** The video track of an opened container: what it says about itself, and its packets. */
export interface VideoTrack extends VideoFacts {
  readonly codec: VideoCodec;
  /** What WebCodecs decoders are configured with; `description` is the codec's extra data. */
  readonly decoderConfig: VideoDecoderConfig;
  readonly timeline: Timeline;
  /** Yields the packets at decoding positions start..end, inclusive; fewer where the file ends early. */
  packets(start: number, end: number): AsyncGenerator<{ readonly data: Uint8Array; readonly isKey: boolean }>;
}
