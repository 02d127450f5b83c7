import { resizePositionTable, sinusoidTable, tokenCount, type TokenGrid } from '@umt/tokenizer';
import { clipGrid, type ClipSizes } from './check-size.ts';

/** The tokens of a pre-training clip: 8 frames of 224 x 224, whatever the model's own clips are. */
export function pretrainingGrid({ patch }: Pick<ClipSizes, 'patch'>): TokenGrid {
  const side = patch === 14 ? 16 : 14;
  return { frames: 8, rows: side, columns: side };
}

/**
 * Whether a classifier has its positions as a parameter `pos_embed`, which checkpoints carry. The reference registers the
 * table exactly where it does not have as many rows as the one of pre-training.
 */
export function hasOwnPositions(config: ClipSizes): boolean {
  return tokenCount(clipGrid(config)) !== tokenCount(pretrainingGrid(config));
}

/**
 * The position table [N, D] of a classifier, row-major: the one of pre-training, resized bicubically to the classifier's
 * frame and linearly to its number of frames.
 */
export function classifierPositions(config: ClipSizes & { readonly width: number }): Float32Array {
  const from = pretrainingGrid(config);
  return resizePositionTable(sinusoidTable(tokenCount(from), config.width), config.width, from, clipGrid(config));
}
