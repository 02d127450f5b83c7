import type { Color } from './palette.ts';

/** An emoji as runs of points of one colour. */
export interface EmojiPicture {
  /** What captions call it. */
  readonly name: string;
  /** Its colours in six hexadecimal digits each, between spaces; a letter of `runs` names them: a, b, c and so on. */
  readonly colors: string;
  /** Points row by row: `12a` for twelve of the first colour, `.` for nothing. */
  readonly runs: string;
}

/** Points of each side of an emoji's picture. */
const SIDE = 80;
const LETTER_A = 97;

/** A picture's points. */
export interface EmojiPoints {
  readonly colors: readonly Color[];
  /** Number of the colour at a place, -1 .. 1 both ways with y downwards; -1 for nothing. */
  colorAt(x: number, y: number): number;
}

/** Reads a picture. */
export function readEmoji({ colors, runs }: EmojiPicture): EmojiPoints {
  const points = new Int8Array(SIDE * SIDE);
  let at = 0;
  for (const [, length = '', letter = '.'] of runs.matchAll(/(\d*)([a-z.])/g)) {
    const end = at + (length === '' ? 1 : Number(length));
    points.fill(letter === '.' ? -1 : letter.charCodeAt(0) - LETTER_A, at, end);
    at = end;
  }
  return {
    colors: colors.split(' ').map((hex): Color => {
      const value = parseInt(hex, 16);
      return [value >> 16, (value >> 8) & 255, value & 255];
    }),
    colorAt(x, y) {
      const [column, row] = [Math.floor(((x + 1) / 2) * SIDE), Math.floor(((y + 1) / 2) * SIDE)];
      const isOn = column >= 0 && row >= 0 && column < SIDE && row < SIDE;
      return isOn ? (points[row * SIDE + column] ?? -1) : -1;
    },
  };
}
