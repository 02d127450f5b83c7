import { cosine, sine } from './circle.ts';
import type { SpriteSplit } from './split.ts';

/** A point of a drawing, from -1 to 1 both ways, y downwards. */
export type Point = readonly [x: number, y: number];

/** A drawn shape: what lies inside an odd number of outlines. None looks the same turned by less than a full turn. */
export interface DrawnShape {
  /** What captions call it. */
  readonly name: string;
  readonly outlines: readonly (readonly Point[])[];
  /** A dot in the second colour, off the centre. */
  readonly dot: { readonly x: number; readonly y: number; readonly radius: number };
}

/** Points of an arc, from one angle to another in degrees: 0 is to the right, 90 downwards. */
function arc(x: number, y: number, radius: number, from: number, to: number): readonly Point[] {
  const steps = Math.max(2, Math.ceil(Math.abs(to - from) / 15));
  return Array.from({ length: steps + 1 }, (_, step): Point => {
    const angle = (from + ((to - from) * step) / steps) / 360;
    return [x + radius * cosine(angle), y + radius * sine(angle)];
  });
}

/** A star whose first arm, the upward one, is the longest. */
function unevenStar(arms: number): readonly Point[] {
  return Array.from({ length: 2 * arms }, (_, corner): Point => {
    const radius = corner === 0 ? 1 : corner % 2 === 0 ? 0.62 : 0.36;
    const angle = corner / (2 * arms) - 0.25;
    return [radius * cosine(angle), radius * sine(angle)];
  });
}

const at = (x: number, y: number, radius: number) => ({ x, y, radius });

/** The shapes of each split: none is in two. */
export const DRAWN_SHAPES: Readonly<Record<SpriteSplit, readonly DrawnShape[]>> = {
  train: [
    {
      name: 'letter F',
      // prettier-ignore
      outlines: [[[-0.55, -1], [0.65, -1], [0.65, -0.6], [-0.1, -0.6], [-0.1, -0.2], [0.45, -0.2], [0.45, 0.2], [-0.1, 0.2], [-0.1, 1], [-0.55, 1]]],
      dot: at(-0.33, 0.7, 0.17),
    },
    {
      name: 'letter L',
      // prettier-ignore
      outlines: [[[-0.6, -1], [-0.1, -1], [-0.1, 0.5], [0.7, 0.5], [0.7, 1], [-0.6, 1]]],
      dot: at(-0.35, -0.7, 0.18),
    },
    {
      name: 'letter P',
      outlines: [
        [[-0.6, 1], [-0.6, -1], ...arc(0.05, -0.4, 0.6, -90, 90), [-0.15, 0.2], [-0.15, 1]],
        [[-0.2, -0.65], ...arc(0.03, -0.4, 0.25, -90, 90), [-0.2, -0.15]],
      ],
      dot: at(-0.38, 0.7, 0.16),
    },
    {
      name: 'arrow',
      // prettier-ignore
      outlines: [[[0, -1], [0.75, -0.15], [0.28, -0.15], [0.28, 1], [-0.28, 1], [-0.28, -0.15], [-0.75, -0.15]]],
      dot: at(0, 0.65, 0.18),
    },
    { name: 'five-armed star', outlines: [unevenStar(5)], dot: at(0, -0.2, 0.17) },
    {
      name: 'house',
      // prettier-ignore
      outlines: [[[-0.8, -0.1], [0, -0.9], [0.35, -0.55], [0.35, -0.9], [0.6, -0.9], [0.6, -0.3], [0.8, -0.1], [0.65, -0.1], [0.65, 0.9], [-0.65, 0.9], [-0.65, -0.1]]],
      dot: at(-0.3, 0.5, 0.24),
    },
    {
      name: 'fish',
      // prettier-ignore
      outlines: [[[0.95, -0.05], [0.6, -0.4], [0.1, -0.55], [-0.3, -0.3], [-0.95, -0.6], [-0.75, 0], [-0.95, 0.6], [-0.3, 0.25], [0.1, 0.45], [0.6, 0.35]]],
      dot: at(0.55, -0.08, 0.16),
    },
    {
      name: 'lightning bolt',
      // prettier-ignore
      outlines: [[[-0.1, -1], [0.5, -1], [0.2, -0.25], [0.65, -0.25], [-0.35, 1], [-0.05, 0.1], [-0.55, 0.1]]],
      dot: at(0.15, -0.75, 0.16),
    },
    {
      name: 'flag',
      // prettier-ignore
      outlines: [[[-0.7, -1], [-0.4, -1], [0.9, -0.5], [-0.4, 0.05], [-0.4, 1], [-0.7, 1]]],
      dot: at(-0.1, -0.48, 0.2),
    },
    {
      name: 'heart',
      outlines: [[[0, 0.95], ...arc(-0.42, -0.35, 0.45, 150, 340), ...arc(0.42, -0.35, 0.45, 200, 390)]],
      dot: at(-0.42, -0.35, 0.2),
    },
    {
      name: 'crescent',
      outlines: [[...arc(0, 0, 0.95, 60, 300), ...arc(0.35, 0, 0.78, 285, 75)]],
      dot: at(-0.68, 0.05, 0.17),
    },
    {
      name: 'mushroom',
      outlines: [
        [
          ...arc(0, 0, 0.9, 180, 360),
          [0.9, 0.15],
          [0.25, 0.15],
          [0.35, 0.95],
          [-0.35, 0.95],
          [-0.25, 0.15],
          [-0.9, 0.15],
        ],
      ],
      dot: at(0.35, -0.4, 0.22),
    },
    {
      name: 'hammer',
      // prettier-ignore
      outlines: [[[-0.7, -0.9], [0.5, -0.9], [0.85, -0.65], [0.85, -0.35], [0.2, -0.35], [0.2, 1], [-0.15, 1], [-0.15, -0.35], [-0.7, -0.35]]],
      dot: at(0.02, 0.75, 0.15),
    },
  ],
  validation: [
    {
      name: 'letter J',
      outlines: [
        [[0.1, -1], [0.6, -1], ...arc(0, 0.4, 0.6, 0, 180), [-0.1, 0.4], ...arc(0, 0.4, 0.12, 180, 0), [0.1, 0.4]],
      ],
      dot: at(0.35, -0.7, 0.18),
    },
    {
      name: 'boat',
      // prettier-ignore
      outlines: [[[-0.95, 0.35], [-0.1, 0.35], [-0.1, 0.15], [-0.75, 0.15], [-0.1, -1], [0.1, -1], [0.1, 0.35], [0.95, 0.35], [0.55, 0.9], [-0.6, 0.9]]],
      dot: at(0.35, 0.6, 0.17),
    },
    {
      name: 'drop',
      outlines: [[[0, -1], ...arc(0, 0.3, 0.65, -25, 205)]],
      dot: at(0.2, 0.4, 0.22),
    },
    {
      name: 'boot',
      // prettier-ignore
      outlines: [[[-0.6, -0.95], [0.1, -0.95], [0.1, 0.15], [0.75, 0.35], [0.9, 0.85], [-0.6, 0.85]]],
      dot: at(-0.25, -0.6, 0.2),
    },
  ],
  test: [
    {
      name: 'letter G',
      outlines: [
        [...arc(0, 0, 0.95, -45, -350), [0.1, 0.15], [0.1, -0.15], [0.5, -0.15], ...arc(0, 0, 0.5, -330, -45)],
      ],
      dot: at(-0.72, 0, 0.16),
    },
    {
      name: 'mug',
      outlines: [
        [
          [-0.8, -0.8],
          [0.35, -0.8],
          [0.35, -0.5],
          ...arc(0.4, 0, 0.5, -90, 90),
          [0.35, 0.5],
          [0.35, 0.85],
          [-0.8, 0.85],
        ],
        arc(0.45, 0, 0.24, 0, 345),
      ],
      dot: at(-0.45, -0.4, 0.22),
    },
    {
      name: 'key',
      outlines: [
        [
          ...arc(0, -0.5, 0.5, 110, 430),
          [0.17, 0.3],
          [0.55, 0.3],
          [0.55, 0.5],
          [0.17, 0.5],
          [0.17, 0.7],
          [0.45, 0.7],
          [0.45, 0.95],
          [-0.17, 0.95],
        ],
      ],
      dot: at(0, -0.55, 0.22),
    },
    {
      name: 'cat',
      outlines: [[[-0.75, -0.9], [-0.25, -0.5], [0.25, -0.5], [0.75, -0.9], ...arc(0, 0.15, 0.75, -10, 190)]],
      dot: at(0.32, 0, 0.18),
    },
    {
      name: 'open mouth',
      outlines: [[[0.1, 0], ...arc(0, 0, 0.92, 35, 325)]],
      dot: at(-0.05, -0.5, 0.19),
    },
    {
      name: 'rocket',
      // prettier-ignore
      outlines: [[[0, -1], [0.35, -0.45], [0.35, 0.3], [0.75, 0.8], [0.3, 0.65], [0.3, 0.9], [-0.3, 0.9], [-0.3, 0.65], [-0.75, 0.8], [-0.35, 0.3], [-0.35, -0.45]]],
      dot: at(0, -0.3, 0.2),
    },
    { name: 'three-armed star', outlines: [unevenStar(3)], dot: at(0, -0.2, 0.18) },
  ],
};
