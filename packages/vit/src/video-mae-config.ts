import { dropPathRates } from '@umt/nn';
import type { TokenGrid } from '@umt/tokenizer';
import { checkBlocks, checkCounts, checkHeads, clipGrid } from './check-size.ts';

/** A VideoMAE pre-training model, complete. */
export interface VideoMaeConfig {
  /** D, the width of the encoder's tokens. */
  readonly width: number;
  /** The encoder's transformer blocks. */
  readonly depth: number;
  readonly heads: number;
  /** Width of the decoder's tokens. */
  readonly decoderWidth: number;
  readonly decoderDepth: number;
  readonly decoderHeads: number;
  /** Width of an MLP's hidden layer as a multiple of the width. */
  readonly mlpRatio: number;
  /** Pixels of a patch per side. */
  readonly patch: number;
  /** Frames of a tubelet. */
  readonly tubelet: number;
  /** Height and width of its input in pixels. */
  readonly imageSize: number;
  /** Frames of its input. */
  readonly frames: number;
  /** DropPath rate of the last block, of the encoder and of the decoder; earlier ones have less. */
  readonly dropPath: number;
  /** LayerScale's initial value; 0 for none. */
  readonly initValues: number;
  /** Whether queries and values have a bias. */
  readonly qkvBias: boolean;
}

/** A size by its short name. */
export type VideoMaeSize = 'B/16' | 'L/16' | 'H/16';

const COMMON = {
  decoderDepth: 4,
  mlpRatio: 4,
  patch: 16,
  tubelet: 2,
  imageSize: 224,
  frames: 16,
  dropPath: 0,
  initValues: 0,
  qkvBias: true,
} as const;

/** The baseline's sizes with the settings of its training script: 16 frames of 224 x 224, tubelets of 2 frames. */
const SIZES: Readonly<Record<VideoMaeSize, VideoMaeConfig>> = {
  'B/16': { ...COMMON, width: 768, depth: 12, heads: 12, decoderWidth: 384, decoderHeads: 6 },
  'L/16': { ...COMMON, width: 1024, depth: 24, heads: 16, decoderWidth: 512, decoderHeads: 8 },
  'H/16': { ...COMMON, width: 1280, depth: 32, heads: 16, decoderWidth: 640, decoderHeads: 8 },
};

/**
 * A VideoMAE configuration: a published size, with any field replaced.
 *
 * @example
 * const small = videoMaeConfig('B/16', { width: 192, depth: 6, heads: 3, decoderWidth: 96, decoderHeads: 3 });
 *
 * @throws RangeError naming the field that is wrong
 */
export function videoMaeConfig(size: VideoMaeSize, changes: Partial<VideoMaeConfig> = {}): VideoMaeConfig {
  if (!Object.hasOwn(SIZES, size)) {
    throw new RangeError(`VideoMAE: size '${size}' is none of ${Object.keys(SIZES).join(', ')}`);
  }
  const config = { ...SIZES[size], ...changes };
  checkVideoMaeConfig(config);
  return config;
}

/**
 * Checks that a configuration describes a model that can be built.
 *
 * @throws RangeError naming the field that is wrong
 */
export function checkVideoMaeConfig(config: VideoMaeConfig): void {
  checkCounts('VideoMAE', config, ['width', 'depth', 'heads', 'decoderWidth', 'decoderDepth', 'decoderHeads']);
  checkCounts('VideoMAE', config, ['patch', 'tubelet', 'imageSize', 'frames']);
  checkHeads('VideoMAE', config.width, config.heads, ['width', 'heads']);
  checkHeads('VideoMAE', config.decoderWidth, config.decoderHeads, ['decoderWidth', 'decoderHeads']);
  checkBlocks('VideoMAE', config);
  videoMaeGrid(config);
  dropPathRates(config.dropPath, config.depth);
}

/** The tokens of the model's input. */
export function videoMaeGrid(config: VideoMaeConfig): TokenGrid {
  return clipGrid(config);
}

/** How many numbers the decoder predicts of a token: all its pixels in three channels. */
export function decoderHeadWidth({ tubelet, patch }: Pick<VideoMaeConfig, 'tubelet' | 'patch'>): number {
  return 3 * tubelet * patch ** 2;
}
