import { NoEncoderError } from '../errors.ts';
import type { EncoderName } from '../write-sprite-clips.ts';
import { ffmpegEncoder } from './ffmpeg-encoder.ts';
import { libAvEncoder } from './libav-encoder.ts';

/** A clip in the planes of H.264. */
export interface PlanarClip {
  /** Pixels of each side: even. */
  readonly size: number;
  readonly framesPerSecond: number;
  /** For each frame Y, U and V, as `toYuv420` gives them. */
  readonly frames: readonly Uint8Array[];
}

/**
 * Writes a clip as mp4. Every frame is coded by itself and at one quality, so that coding does not tell which frame came
 * first.
 */
export type Encoder = (path: string, clip: PlanarClip) => Promise<void>;

const OPENERS: Readonly<Record<EncoderName, () => Promise<Encoder | null>>> = {
  'node-av': libAvEncoder,
  ffmpeg: ffmpegEncoder,
};

/**
 * Opens the named encoder, or the first that is there.
 * @throws NoEncoderError that says what to install
 */
export async function openEncoder(name?: EncoderName): Promise<Encoder> {
  for (const open of name ? [OPENERS[name]] : Object.values(OPENERS)) {
    const encoder = await open();
    if (encoder) return encoder;
  }
  const advice = {
    'node-av': 'run "npm install node-av@6.1.1"',
    ffmpeg: 'put an ffmpeg with libx264 on the PATH',
  };
  throw new NoEncoderError(
    `cannot write H.264: ${name ? `${name} is not here; ${advice[name]}` : `${advice['node-av']} or ${advice.ffmpeg}`}`,
  );
}
