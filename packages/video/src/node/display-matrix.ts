import type { Orientation, Rotation } from '../container/track.ts';

/**
 * Reads the matrix that places a picture on the screen (ISO/IEC 14496-12, 8.3.2): [a b u c d v x y w], and (x, y) goes to
 * (a x + c y, b x + d y), y downwards. Angles are rounded to quarter turns.
 *
 * @param matrix nine 32-bit integers in this machine's order, or null for upright pictures.
 */
export function orientationOf(matrix: Uint8Array | null): Orientation {
  if (matrix === null || matrix.byteLength < 36) return { rotation: 0, isMirrored: false };
  const view = new DataView(matrix.buffer, matrix.byteOffset, matrix.byteLength);
  const at = (i: number) => view.getInt32(i * 4, true);
  const [a, b, c, d] = [at(0), at(1), at(3), at(4)];
  const isMirrored = a * d - b * c < 0;
  const quarters = Math.round(Math.atan2(b, isMirrored ? -a : a) / (Math.PI / 2));
  return { rotation: quarterTurn(quarters), isMirrored };
}

/** Clockwise quarter turns, of any sign, as degrees from 0 to 270. */
export function quarterTurn(quarters: number): Rotation {
  const turns: readonly Rotation[] = [0, 90, 180, 270];
  return turns[((quarters % 4) + 4) % 4] ?? 0;
}
