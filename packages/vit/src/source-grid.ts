import type { TokenGrid } from '@umt/tokenizer';
import { pretrainingGrid } from './classifier-positions.ts';

/** What is known of the clips behind a position table. */
export interface GridHints {
  /** Pixels of a patch per side. */
  readonly patch: number;
  /** Rows and columns that it may have, such as those of the model that it is loaded into. */
  readonly side?: number | undefined;
  /** Tubelets along time that it may have. */
  readonly frames?: number | undefined;
}

/** Tubelets along time that released models and most others have. */
const COMMON_FRAMES = [8, 16, 4];

/** Tubelets along time, the usual first. */
const USUAL_FRAMES = [...COMMON_FRAMES, 32, 2, 64, 1];

/**
 * The token grid of a position table of which a checkpoint tells only the length: a usual number of frames of 224 x 224 where
 * that fits, then what the hints say, then a usual number of frames of any size. So 3136 positions are 16 x 14 x 14 and 4608
 * are 8 x 24 x 24, into whatever model they are loaded. The reference takes every table to be of 8 frames.
 *
 * @returns undefined when no number of square frames makes so many positions
 */
export function sourceGrid(positions: number, { patch, side, frames }: GridHints): TokenGrid | undefined {
  const usualSide = pretrainingGrid({ patch }).rows;
  const bySide = (length: number | undefined, counts?: readonly number[]) => {
    const grid = length === undefined ? undefined : gridOfFrames(positions, positions / length ** 2);
    return !grid || !counts || counts.includes(grid.frames) ? grid : undefined;
  };
  const byFrames = (count: number | undefined) => (count === undefined ? undefined : gridOfFrames(positions, count));
  const candidates = [
    bySide(usualSide, USUAL_FRAMES),
    bySide(side, COMMON_FRAMES),
    byFrames(frames),
    // Not 32 or 64: 8 frames of twice or thrice the side, such as those of 384 pixels, are likelier
    bySide(side, [2, 1]),
    ...USUAL_FRAMES.map(byFrames),
    bySide(usualSide),
    bySide(side),
  ];
  return candidates.find((grid) => grid !== undefined);
}

/** Square frames; undefined where there is no such number of them. */
function gridOfFrames(positions: number, frames: number): TokenGrid | undefined {
  const side = Math.sqrt(positions / frames);
  return Number.isInteger(frames) && Number.isInteger(side) ? { frames, rows: side, columns: side } : undefined;
}
