import type { RandomStream } from '@umt/random';
import { between } from './between.ts';
import { cosine, sine } from './circle.ts';
import type { SpriteMotion } from './classes.ts';
import { directionOf, drawLean, drawPlace, placeAlong, type Direction, type Motion } from './pose.ts';

/** How near the middles of two sprites come that touch, of the sum of their radii. */
const TOUCH = 0.85;

/** Where a sprite is: along the axis of the clip and across it, and its size where that changes. */
type Spot = readonly [along: number, across?: number, radius?: number];

/** Where both sprites are, as shares of the frame's side from its middle: first that which acts, then the other. */
type Spots = (progress: number) => readonly [Spot, Spot];

/** What a motion of two draws its places from. */
interface Two {
  readonly draw: RandomStream;
  /** The radii of that which acts and of the other. */
  readonly radius: number;
  readonly otherRadius: number;
  /** Between the middles of the two where they touch. */
  readonly touch: number;
}

/**
 * Motions of two sprites, forwards. The first acts on the second: it pushes, catches up, covers, goes around, passes. In
 * `taking-turns` the first is the one on the left.
 */
export const PAIR_MOTIONS = {
  meeting: two('free', ({ draw, touch }) => {
    const gap = between(draw, 0.15, 0.2);
    return (progress) => {
      const half = touch / 2 + gap * (1 - progress);
      return [[-half], [half]];
    };
  }),
  pushing: two('even', ({ draw, touch }) => {
    const [gap, way] = [between(draw, 0.16, 0.22), between(draw, 0.24, 0.3)];
    const start = -(gap + touch + way) / 2;
    return (progress) => {
      const along = start + (gap + way) * progress;
      return [[along], [Math.max(start + gap, along) + touch]];
    };
  }),
  chasing: two('even', ({ draw, touch }) => {
    const [gap, way] = [between(draw, 0.18, 0.26), between(draw, 0.2, 0.28)];
    const start = -(gap + touch + way) / 2;
    return (progress) => [[start + (gap + way) * progress], [start + gap + touch + way * progress]];
  }),
  covering: two(
    'free',
    ({ draw, radius }) => {
      const far = radius + between(draw, 0.2, 0.3);
      const middle = between(draw, 0, 0.5 * far);
      return (progress) => [[middle - far * (1 - progress)], [middle]];
    },
    { sizes: [0.2, 0.25], otherSizes: [0.11, 0.14] },
  ),
  merging: two(
    'even',
    ({ draw, radius, touch }) => {
      const [gap, size] = [between(draw, 0.13, 0.18), between(draw, 1.45, 1.7)];
      return (progress) => {
        const half = (touch / 2 + gap) * Math.max(0, 1 - progress / 0.6);
        const grown = radius * (1 + (size - 1) * Math.max(0, (progress - 0.6) / 0.4));
        return [
          [-half, 0, grown],
          [half, 0, grown],
        ];
      };
    },
    { isTwins: true },
  ),
  circling: two('free', ({ draw }) => {
    const [far, start, turn] = [between(draw, 0.27, 0.31), draw.uniform(), between(draw, 0.6, 0.9)];
    return (progress) => {
      const angle = start + turn * progress;
      return [[far * cosine(angle), far * sine(angle)], [0]];
    };
  }),
  'taking-turns': two(
    'even',
    ({ draw }) => {
      const [half, way] = [between(draw, 0.2, 0.26), between(draw, 0.3, 0.4)];
      const sense = draw.uniform() < 0.5 ? -1 : 1;
      const across = (part: number) => sense * way * (Math.min(1, Math.max(0, part)) - 0.5);
      return (progress) => [
        [-half, across((progress - 0.05) / 0.4)],
        [half, across((progress - 0.55) / 0.4)],
      ];
    },
    { axis: 0 },
  ),
  'passing-in-front': two('free', passing),
  'passing-behind': two('free', passing, { actsBehind: true }),
  swapping: two('free', ({ draw }) => {
    const [far, wide] = [between(draw, 0.2, 0.26), between(draw, 0.14, 0.18)];
    const sense = draw.uniform() < 0.5 ? -1 : 1;
    return (progress) => {
      const [along, across] = [far * cosine(progress / 2), sense * wide * sine(progress / 2)];
      return [
        [along, across],
        [-along, -across],
      ];
    };
  }),
  colliding: two('even', ({ draw, touch }) => {
    const gap = between(draw, 0.15, 0.2);
    return (progress) => {
      const half = touch / 2 + gap * Math.abs(2 * progress - 1);
      return [[-half], [half]];
    };
  }),
  following: two('even', ({ draw, touch }) => {
    const [way, wave] = [between(draw, 0.3, 0.4), between(draw, 0.08, 0.12)];
    const apart = 1.15 * touch;
    const spot = (along: number): Spot => [along, wave * sine(along / 0.45)];
    return (progress) => {
      const along = way * (progress - 0.5);
      return [spot(along - apart / 2), spot(along + apart / 2)];
    };
  }),
  knocking: two('even', ({ draw, touch }) => {
    const way = between(draw, 0.26, 0.32);
    return (progress) => [
      [-touch / 2 - way * Math.max(0, 1 - 2 * progress)],
      [touch / 2 + way * Math.max(0, 2 * progress - 1)],
    ];
  }),
} as const satisfies Partial<Record<SpriteMotion, Motion>>;

/** Past the other, from one side to the other. */
function passing({ draw }: Two): Spots {
  const [far, aside] = [between(draw, 0.3, 0.36), between(draw, -0.04, 0.04)];
  return (progress) => [[far * (2 * progress - 1), aside], [0]];
}

/** What a motion of two may have otherwise. */
interface Otherwise {
  readonly sizes?: readonly [number, number];
  readonly otherSizes?: readonly [number, number];
  /** Direction of the axis in turns, where it is not drawn. */
  readonly axis?: number;
  /** Whether the one that acts is drawn behind the other. */
  readonly actsBehind?: boolean;
  /** Whether both are the same sprite, of one size and lean. */
  readonly isTwins?: boolean;
}

function two(timing: Motion['timing'], spotsOf: (two: Two) => Spots, otherwise: Otherwise = {}): Motion {
  const { sizes = [0.11, 0.15], otherSizes = sizes, actsBehind = false, isTwins = false } = otherwise;
  return {
    sprites: 2,
    actsBehind,
    isTwins,
    timing,
    course: (draw) => {
      const radius = between(draw, ...sizes);
      const otherRadius = isTwins ? radius : between(draw, ...otherSizes);
      const spots = spotsOf({ draw, radius, otherRadius, touch: TOUCH * (radius + otherRadius) });
      const axis: Direction = directionOf(otherwise.axis ?? draw.uniform());
      const middle = drawPlace(draw, 0.46);
      const lean = drawLean(draw);
      const otherLean = isTwins ? lean : drawLean(draw);
      return (progress) => {
        const [[along, across, size = radius], [otherAlong, otherAcross, otherSize = otherRadius]] = spots(progress);
        const acts = { ...placeAlong(middle, axis, along, across), radius: size, angle: lean, opacity: 1 };
        const other = {
          ...placeAlong(middle, axis, otherAlong, otherAcross),
          radius: otherSize,
          angle: otherLean,
          opacity: 1,
        };
        return [acts, other];
      };
    },
  };
}
