import type { RandomStream } from '@umt/random';
import type { SpriteMotion } from './classes.ts';

/** Where and how a sprite is drawn in one frame. Lengths are shares of the frame's side, the origin is the upper left corner. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  /** Half the side of the square that the sprite's outline fits into, before it is turned. */
  readonly radius: number;
  /** Radians, clockwise as one sees it. */
  readonly angle: number;
  /** From 0, not there, to 1. */
  readonly opacity: number;
}

/** A pose as the motion gets on: `progress` goes from 0 to 1. */
type Course = (progress: number) => Pose;

const DEGREE = Math.PI / 180;
/** How far from its middle, in radii, a sprite turns about. */
const FOOT = 0.6;

/**
 * Draws a motion, forwards: to the right, down, growing, appearing, clockwise. Place, size, angle, extent and speed are
 * drawn anew for each clip; a slow wobble of small extent goes with every motion.
 *
 * @returns a pose for each frame
 */
export function drawMotion(
  draw: RandomStream,
  motion: SpriteMotion,
  { frames, upright }: { readonly frames: number; readonly upright: number },
): readonly Pose[] {
  const course = COURSES[motion](draw, upright);
  const [start, end] = [between(draw, 0, 0.15), between(draw, 0.85, 1)];
  const wobbles = [wobble(draw), wobble(draw)] as const;
  return Array.from({ length: frames }, (_, frame) => {
    const time = frames === 1 ? 0.5 : frame / (frames - 1);
    const pose = course(Math.min(1, Math.max(0, (time - start) / (end - start))));
    return { ...pose, x: pose.x + wobbles[0](time), y: pose.y + wobbles[1](time) };
  });
}

const COURSES: Readonly<Record<SpriteMotion, (draw: RandomStream, upright: number) => Course>> = {
  horizontal: (draw) => {
    const { along, across, ...rest } = drawPath(draw);
    return (progress) => ({ ...rest, x: along(progress), y: across, opacity: 1 });
  },
  vertical: (draw) => {
    const { along, across, ...rest } = drawPath(draw);
    return (progress) => ({ ...rest, x: across, y: along(progress), opacity: 1 });
  },
  scale: (draw) => {
    const middle = between(draw, 0.2, 0.26);
    const factor = between(draw, 1.8, 2.8);
    const still = drawPlace(draw, 0.8 * middle * Math.sqrt(factor));
    return (progress) => ({ ...still, radius: middle * factor ** (progress - 0.5), opacity: 1 });
  },
  opacity: (draw) => {
    const radius = between(draw, 0.16, 0.28);
    const still = drawPlace(draw, radius);
    const [from, to] = [between(draw, 0, 0.15), between(draw, 0.85, 1)];
    return (progress) => ({ ...still, radius, opacity: from + (to - from) * progress });
  },
  // about its foot, as a hand of a clock
  rotation: (draw, upright) => {
    const radius = between(draw, 0.24, 0.32);
    const foot = drawPlace(draw, 0.42);
    const middle = between(draw, -40, 40) * DEGREE;
    const turn = between(draw, 90, 160) * DEGREE;
    return (progress) => {
      const lean = middle + turn * (progress - 0.5);
      const [x, y] = [foot.x + FOOT * radius * Math.sin(lean), foot.y - FOOT * radius * Math.cos(lean)];
      return { x, y, radius, angle: upright + lean, opacity: 1 };
    };
  },
};

/** A straight way along one axis, its place on the other, and what stays. */
function drawPath(draw: RandomStream) {
  const radius = between(draw, 0.11, 0.19);
  const length = between(draw, 0.3, 0.55);
  const margin = 0.5 * radius + length / 2;
  const middle = between(draw, margin, 1 - margin);
  const across = between(draw, radius, 1 - radius);
  const along = (progress: number) => middle + length * (progress - 0.5);
  return { radius, angle: drawAngle(draw), along, across };
}

/** A place that keeps a distance from the frame's edges. */
function drawPlace(draw: RandomStream, margin: number) {
  return { x: between(draw, margin, 1 - margin), y: between(draw, margin, 1 - margin), angle: drawAngle(draw) };
}

function drawAngle(draw: RandomStream): number {
  return between(draw, 0, 2 * Math.PI);
}

/** A slow sine of random phase: as likely played forwards as backwards. */
function wobble(draw: RandomStream): (time: number) => number {
  const [extent, cycles, phase] = [between(draw, 0, 0.015), between(draw, 0.5, 2), between(draw, 0, 2 * Math.PI)];
  return (time) => extent * Math.sin(2 * Math.PI * cycles * time + phase);
}

function between(draw: RandomStream, low: number, high: number): number {
  return low + (high - low) * draw.uniform();
}
