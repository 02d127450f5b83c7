import { openJpegEncoder, resampleToRgb, VideoError, type RgbImage, type Video } from '@umt/video';
import type { VideoEntry } from '../manifest.ts';
import type { ClipVideo } from '../video-cache.ts';
import { shortSideSize } from '../view-clips.ts';
import { chooseFrames } from './choose-frames.ts';
import { serializeShardJson, type ShardSampleMeta } from './format.ts';
import type { ResolvedChoices } from './pack-options.ts';
import { packSample, type PackedSample } from './pack-sample.ts';

/** A video as packing reads it. */
export type PackableVideo = ClipVideo & Pick<Video, 'frameTimestamps' | 'durationSeconds'>;

/** More bytes in one sample are refused: a sample is held in memory, and several are at a time. */
const MAX_SAMPLE_BYTES = 2 ** 30;

/** A video that has more frames than a sample may hold. */
export class SampleTooLargeError extends Error {
  override readonly name = 'SampleTooLargeError';
}

/** What surrounds the packing of one video. */
export interface PackVideoOptions {
  /** What the names of its files begin with. */
  readonly key: string;
  readonly choices: ResolvedChoices;
  /** How it is opened. */
  open(entry: VideoEntry): Promise<PackableVideo>;
  /** Throws to leave off, and is asked before each frame. */
  checkStop(): void;
}

/**
 * Decodes the frames that are wanted of a video, each once, reduces them (antialiased, from the native planes, rounded
 * once) and writes them as the files of one sample.
 *
 * @throws VideoError of the video; SampleTooLargeError when it has more than a gibibyte of frames
 */
export async function packVideo(entry: VideoEntry, options: PackVideoOptions): Promise<PackedSample> {
  const { key, choices, open, checkStop } = options;
  const video = await open(entry);
  try {
    const sourceFrames = chooseFrames(video, choices);
    const size = reducedSize(video, choices.shortSide);
    const encode = await openEncoder(choices, size);
    const frames: Uint8Array[] = [];
    let bytes = 0;
    try {
      for await (const picture of video.frames(sourceFrames)) {
        checkStop();
        const frame = encode.frame(resampleToRgb(picture, size));
        frames.push(frame);
        bytes += frame.length;
        if (bytes > MAX_SAMPLE_BYTES) throw tooLarge(entry.path, sourceFrames.length);
      }
    } finally {
      encode.close();
    }
    if (frames.length !== sourceFrames.length || frames.length === 0) {
      const problem = `${entry.path}: ${frames.length} of ${sourceFrames.length} frames could be decoded`;
      throw new VideoError('undecodable', problem);
    }
    const meta = describe(entry, video, sourceFrames, size);
    const json = new TextEncoder().encode(serializeShardJson(meta));
    return await packSample({ key, json, frames, encoding: choices.encoding, ...size });
  } finally {
    await video.close();
  }
}

function reducedSize({ width, height }: PackableVideo, shortSide: number) {
  return Math.min(width, height) <= shortSide ? { width, height } : shortSideSize(width, height, shortSide);
}

async function openEncoder(
  { encoding, quality }: ResolvedChoices,
  size: { readonly width: number; readonly height: number },
): Promise<{ frame(image: RgbImage): Uint8Array; close(): void }> {
  if (encoding === 'rgb') return { frame: ({ data }) => data, close: () => undefined };
  const encoder = await openJpegEncoder({ ...size, quality });
  return { frame: (image) => encoder.encode(image), close: () => encoder.close() };
}

function tooLarge(path: string, frames: number): SampleTooLargeError {
  return new SampleTooLargeError(
    `${path}: its ${frames} frames take more than a gibibyte: keep fewer by frames or fps, or cut the video into clips`,
  );
}

/** Only what an entry may carry; a source of bytes does not belong into a file. */
function describe(
  { path, label, labels, captions, question, answers }: VideoEntry,
  { frameCount: sourceFrameCount, durationSeconds }: PackableVideo,
  sourceFrames: readonly number[],
  { width, height }: { readonly width: number; readonly height: number },
): ShardSampleMeta {
  return {
    path,
    ...(label === undefined ? {} : { label }),
    ...(labels === undefined ? {} : { labels }),
    ...(captions === undefined ? {} : { captions }),
    ...(question === undefined ? {} : { question }),
    ...(answers === undefined ? {} : { answers }),
    width,
    height,
    frameCount: sourceFrames.length,
    sourceFrames,
    sourceFrameCount,
    fps: durationSeconds > 0 ? sourceFrameCount / durationSeconds : 0,
    durationSeconds,
  };
}
