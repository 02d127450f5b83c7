import type { RandomStream } from '@umt/random';
import { between } from './between.ts';
import { cosine } from './circle.ts';
import type { SpriteMotion } from './classes.ts';
import { directionOf, drawLean, drawPlace, placeAlong, type Motion, type Pose } from './pose.ts';

/** How far from its middle, in radii, a sprite turns about. */
const FOOT = 0.6;

/** Motions of one sprite, forwards: to the right, down, growing, appearing, clockwise, faster, outwards, lower. */
export const SINGLE_MOTIONS = {
  horizontal: alone('free', (draw) => straight(draw, 0)),
  vertical: alone('free', (draw) => straight(draw, 0.25)),
  'falling-diagonal': alone('free', (draw) => straight(draw, 0.125)),
  'rising-diagonal': alone('free', (draw) => straight(draw, -0.125)),
  scale: alone('free', (draw) => {
    const [from, to] = [between(draw, 0.09, 0.13), between(draw, 0.24, 0.34)];
    const still = { ...drawPlace(draw, 0.8 * to), angle: drawLean(draw), opacity: 1 };
    return (progress) => ({ ...still, radius: from + (to - from) * progress });
  }),
  opacity: alone('free', (draw) => {
    const still = drawStill(draw);
    const [from, to] = [between(draw, 0, 0.15), between(draw, 0.85, 1)];
    return (progress) => ({ ...still, opacity: from + (to - from) * progress });
  }),
  // about its foot, as a hand of a clock
  rotation: alone('free', (draw) => {
    const radius = between(draw, 0.22, 0.3);
    const foot = drawPlace(draw, 0.42);
    const middle = between(draw, -0.1, 0.1);
    const turn = between(draw, 0.25, 0.44);
    return (progress) => {
      const lean = middle + turn * (progress - 0.5);
      return { ...placeAlong(foot, directionOf(lean - 0.25), FOOT * radius), radius, angle: lean, opacity: 1 };
    };
  }),
  orbit: alone('free', (draw) => {
    const [radius, far] = [between(draw, 0.11, 0.16), between(draw, 0.2, 0.28)];
    const middle = drawPlace(draw, far + 0.8 * radius);
    const [start, turn] = [draw.uniform(), between(draw, 0.6, 0.9)];
    const still = { radius, angle: drawLean(draw), opacity: 1 };
    return (progress) => ({ ...still, ...placeAlong(middle, directionOf(start + turn * progress), far) });
  }),
  speed: alone('even', (draw) => {
    const { place, ...still } = drawWay(draw, draw.uniform(), [0.5, 0.62]);
    return (progress) => ({ ...still, ...place(progress * progress * progress) });
  }),
  spiral: alone('free', (draw) => {
    const [radius, far] = [between(draw, 0.11, 0.15), between(draw, 0.28, 0.33)];
    const middle = drawPlace(draw, far + 0.6 * radius);
    const sense = draw.uniform() < 0.5 ? -1 : 1;
    const [start, turns] = [draw.uniform(), sense * between(draw, 1, 1.3)];
    const still = { radius, angle: drawLean(draw), opacity: 1 };
    return (progress) => ({
      ...still,
      ...placeAlong(middle, directionOf(start + turns * progress), 0.03 + (far - 0.03) * progress),
    });
  }),
  bounces: alone('even', (draw) => {
    const radius = between(draw, 0.11, 0.16);
    const floor = between(draw, 0.8, 1 - 0.8 * radius);
    const height = between(draw, 0.5, 0.58);
    const drift = between(draw, -0.35, 0.35);
    const middle = between(draw, 0.35, 0.65);
    const still = { radius, angle: drawLean(draw), opacity: 1 };
    return (progress) => ({
      ...still,
      x: middle + drift * (progress - 0.5),
      y: floor - height * bounceHeight(progress),
    });
  }),
  // half of each of two periods it is there
  blinking: alone('cyclic', (draw) => {
    const still = drawStill(draw);
    return (progress) => ({ ...still, opacity: Math.floor(4 * progress + 1e-9) % 2 === 0 ? 1 : 0 });
  }),
  swinging: alone('cyclic', (draw) => {
    const { place, ...still } = drawWay(draw, draw.uniform(), [0.4, 0.6]);
    const phase = draw.uniform();
    return (progress) => ({ ...still, ...place(0.5 + 0.5 * cosine(progress + phase)) });
  }),
  zigzag: alone('free', (draw) => {
    const [teeth, extent] = [draw.integer(2, 3), between(draw, 0.1, 0.15)];
    const { place, ...still } = drawWay(draw, draw.uniform(), [0.5, 0.62], extent);
    return (progress) => {
      const tooth = (teeth * progress) % 1;
      const across = extent * (1 - 4 * Math.abs(tooth - 0.5));
      return { ...still, ...place(progress, across) };
    };
  }),
  nothing: alone('free', (draw) => {
    const still = drawStill(draw);
    return () => still;
  }),
} as const satisfies Partial<Record<SpriteMotion, Motion>>;

function alone(timing: Motion['timing'], course: (draw: RandomStream) => (progress: number) => Pose): Motion {
  return {
    sprites: 1,
    timing,
    course: (draw) => {
      const pose = course(draw);
      return (progress) => [pose(progress)];
    },
  };
}

/** A straight way in a direction, in turns. */
function straight(draw: RandomStream, turns: number): (progress: number) => Pose {
  const { place, ...still } = drawWay(draw, turns, [0.32, 0.56]);
  return (progress) => ({ ...still, ...place(progress) });
}

/** A straight way inside the frame, with room beside it, and what stays. */
function drawWay(draw: RandomStream, turns: number, [shortest, longest]: readonly [number, number], room = 0) {
  const radius = between(draw, 0.11, 0.18);
  const length = between(draw, shortest, longest);
  const direction = directionOf(turns);
  const middle = {
    x: drawMiddle(draw, room + 0.7 * radius + (Math.abs(direction.x) * length) / 2),
    y: drawMiddle(draw, room + 0.7 * radius + (Math.abs(direction.y) * length) / 2),
  };
  const place = (progress: number, across = 0) => placeAlong(middle, direction, length * (progress - 0.5), across);
  return { radius, angle: drawLean(draw), opacity: 1, place };
}

function drawMiddle(draw: RandomStream, margin: number): number {
  return between(draw, Math.min(0.5, margin), Math.max(0.5, 1 - margin));
}

/** A sprite that stays where it is. */
function drawStill(draw: RandomStream): Pose {
  const radius = between(draw, 0.16, 0.28);
  return { ...drawPlace(draw, radius), radius, angle: drawLean(draw), opacity: 1 };
}

/** When each bounce ends, and how high it goes: the first starts at its top. */
const BOUNCES = [
  { from: -0.22, to: 0.22, height: 1 },
  { from: 0.22, to: 0.56, height: 0.6 },
  { from: 0.56, to: 0.81, height: 0.33 },
  { from: 0.81, to: 1, height: 0.17 },
] as const;

function bounceHeight(progress: number): number {
  const { from, to, height } = BOUNCES.find((bounce) => progress <= bounce.to) ?? BOUNCES[3];
  const part = (progress - from) / (to - from);
  return height * 4 * part * (1 - part);
}
