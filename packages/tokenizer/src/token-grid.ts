/** What one token covers. */
export interface TubeletSize {
  /** Frames. UMT's recipes use 1. */
  readonly frames: number;
  /** Pixels per side. */
  readonly patch: number;
}

/** How many tokens a clip has along each axis. Tokens are numbered row-major: (frame, row, column). */
export interface TokenGrid {
  readonly frames: number;
  readonly rows: number;
  readonly columns: number;
}

/** Tokens of a whole clip. */
export function tokenCount({ frames, rows, columns }: TokenGrid): number {
  return frames * rows * columns;
}

/**
 * The token grid of a clip.
 *
 * @throws RangeError when frames, height or width are no multiple of the tubelet
 */
export function tokenGrid(
  clip: { readonly frames: number; readonly height: number; readonly width: number },
  { frames, patch }: TubeletSize,
): TokenGrid {
  const grid = { frames: clip.frames / frames, rows: clip.height / patch, columns: clip.width / patch };
  if (!Object.values(grid).every((length) => Number.isInteger(length) && length > 0)) {
    throw new RangeError(
      `a clip of ${clip.frames} frames of ${clip.height}x${clip.width} does not split into tubelets of ${frames}x${patch}x${patch}; resize it, or choose another tubelet`,
    );
  }
  return grid;
}
