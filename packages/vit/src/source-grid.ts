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

/** Tubelets along time, the usual first. */
const USUAL_FRAMES = [8, 16, 4, 32, 2, 64, 1];

/**
 * The token grid of a position table of which a checkpoint tells only the length: a usual number of frames of 224 x 224 where
 * that fits, then what the hints say, then a usual number of frames of any size. So 3136 positions are 16 x 14 x 14 and 4608
 * are 8 x 24 x 24.
 *
 * @returns undefined when no number of square frames makes so many positions
 */
export function sourceGrid(positions: number, { patch, side, frames }: GridHints): TokenGrid | undefined {
  const sides = [pretrainingGrid({ patch }).rows, ...(side === undefined ? [] : [side])];
  const bySide = sides.map((length) => gridOfFrames(positions, positions / length ** 2));
  const counts = [...(frames === undefined ? [] : [frames]), ...USUAL_FRAMES];
  const byFrames = counts.map((count) => gridOfFrames(positions, count));
  const isUsual = (grid: TokenGrid | undefined) => grid && USUAL_FRAMES.includes(grid.frames);
  return [...bySide.filter(isUsual), ...byFrames, ...bySide].find((grid) => grid !== undefined);
}

/** Square frames; undefined where there is no such number of them. */
function gridOfFrames(positions: number, frames: number): TokenGrid | undefined {
  const side = Math.sqrt(positions / frames);
  return Number.isInteger(frames) && Number.isInteger(side) ? { frames, rows: side, columns: side } : undefined;
}
