import { cosine, sine } from './circle.ts';
import type { Point } from './drawn-shapes.ts';
import type { SpriteSplit } from './split.ts';

/** Whether a point is on a digit; -1 .. 1 both ways, y downwards. */
export type DigitStyle = (digit: number, x: number, y: number) => boolean;

/** How each split writes its digits: with a pen, in dots, in seven bars. */
export const DIGIT_STYLES: Readonly<Record<SpriteSplit, DigitStyle>> = {
  train: (digit, x, y) => (PEN_STROKES[digit] ?? []).some((stroke) => isNear(stroke, x, y, PEN)),
  validation: isOnDots,
  test: (digit, x, y) => [...(LIT_BARS[digit] ?? '')].some((bar) => isOnBar(BARS[bar], x, y)),
};

const PEN = 0.17;

/** Points of an ellipse's arc, from one angle to another in turns: 0 is to the right, 1/4 downwards. */
function arc(x: number, y: number, width: number, height: number, from: number, to: number): readonly Point[] {
  const steps = 14;
  return Array.from({ length: steps + 1 }, (_, step): Point => {
    const angle = from + ((to - from) * step) / steps;
    return [x + width * cosine(angle), y + height * sine(angle)];
  });
}

/** The strokes of 0 to 9. */
// prettier-ignore
const PEN_STROKES: readonly (readonly (readonly Point[])[])[] = [
  [arc(0, 0, 0.46, 0.8, 0, 1)],
  [[[-0.32, -0.42], [0.08, -0.8], [0.08, 0.82]]],
  [[...arc(0, -0.36, 0.46, 0.44, 0.5, 1.07), [-0.46, 0.78], [0.52, 0.78]]],
  [arc(-0.04, -0.4, 0.44, 0.4, 0.55, 1.25), arc(-0.04, 0.4, 0.5, 0.42, 0.75, 1.45)],
  [[[0.22, 0.82], [0.22, -0.8], [-0.52, 0.3], [0.58, 0.3]]],
  [[[0.44, -0.78], [-0.34, -0.78], [-0.4, -0.1], ...arc(-0.02, 0.3, 0.48, 0.48, 0.7, 1.45)]],
  [[...arc(0.3, 0.1, 0.76, 0.9, 0.75, 0.5)], arc(0, 0.34, 0.46, 0.44, 0, 1)],
  [[[-0.48, -0.78], [0.48, -0.78], [-0.12, 0.82]]],
  [arc(0, -0.4, 0.38, 0.38, 0, 1), arc(0, 0.4, 0.46, 0.42, 0, 1)],
  [arc(0, -0.34, 0.46, 0.44, 0, 1), [...arc(-0.3, -0.1, 0.76, 0.9, 0.25, 0)]],
];

/** Whether a point is within a distance of a line of points. */
function isNear(stroke: readonly Point[], x: number, y: number, distance: number): boolean {
  return stroke.some(([toX, toY], place) => {
    const [fromX, fromY] = stroke[place - 1] ?? [toX, toY];
    const [alongX, alongY] = [toX - fromX, toY - fromY];
    const length = alongX * alongX + alongY * alongY;
    const share = length === 0 ? 0 : ((x - fromX) * alongX + (y - fromY) * alongY) / length;
    const part = Math.min(1, Math.max(0, share));
    const [dx, dy] = [x - fromX - part * alongX, y - fromY - part * alongY];
    return dx * dx + dy * dy <= distance * distance;
  });
}

/** Five bits for each of seven rows, of 0 to 9. */
const DOTS: readonly (readonly number[])[] = [
  [14, 17, 19, 21, 25, 17, 14],
  [4, 12, 4, 4, 4, 4, 14],
  [14, 17, 1, 2, 4, 8, 31],
  [14, 17, 1, 6, 1, 17, 14],
  [2, 6, 10, 18, 31, 2, 2],
  [31, 16, 30, 1, 1, 17, 14],
  [6, 8, 16, 30, 17, 17, 14],
  [31, 1, 2, 4, 8, 8, 8],
  [14, 17, 17, 14, 17, 17, 14],
  [14, 17, 17, 15, 1, 2, 12],
];
/** From dot to dot. */
const STEP = 0.28;

function isOnDots(digit: number, x: number, y: number): boolean {
  const [column, row] = [Math.round(x / STEP) + 2, Math.round(y / STEP) + 3];
  if (column < 0 || column > 4 || (((DOTS[digit]?.[row] ?? 0) >> (4 - column)) & 1) === 0) return false;
  const [dx, dy] = [x - (column - 2) * STEP, y - (row - 3) * STEP];
  return dx * dx + dy * dy <= (0.47 * STEP) ** 2;
}

/** Ends of the seven bars, by the letters that they usually have. */
const BARS: Readonly<Record<string, readonly [Point, Point]>> = {
  a: [[-0.34, -0.82], [0.34, -0.82]], // prettier-ignore
  b: [[0.48, -0.68], [0.48, -0.14]], // prettier-ignore
  c: [[0.48, 0.14], [0.48, 0.68]], // prettier-ignore
  d: [[-0.34, 0.82], [0.34, 0.82]], // prettier-ignore
  e: [[-0.48, 0.14], [-0.48, 0.68]], // prettier-ignore
  f: [[-0.48, -0.68], [-0.48, -0.14]], // prettier-ignore
  g: [[-0.34, 0], [0.34, 0]], // prettier-ignore
};
const LIT_BARS = ['abcdef', 'bc', 'abged', 'abgcd', 'fgbc', 'afgcd', 'afgedc', 'abc', 'abcdefg', 'abfgcd'];
const BAR = 0.14;

/** A bar has straight sides and pointed ends. */
function isOnBar(bar: readonly [Point, Point] | undefined, x: number, y: number): boolean {
  if (!bar) return false;
  const [[fromX, fromY], [toX, toY]] = bar;
  const outX = Math.max(0, fromX - x, x - toX);
  const outY = Math.max(0, fromY - y, y - toY);
  return outX + outY <= BAR;
}
