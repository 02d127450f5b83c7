import type { RandomStream } from '@umt/random';
import { between } from './between.ts';
import { cosine, sine } from './circle.ts';

/** Where and how a sprite is drawn in one frame. Lengths are shares of the frame's side, the origin is the upper left corner. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  /** Half the side of the square that the sprite fits into, before it is turned. */
  readonly radius: number;
  /** Turns, clockwise as one sees it. */
  readonly angle: number;
  /** From 0, not there, to 1. */
  readonly opacity: number;
}

/** The poses of a motion's sprites, that which acts first, as the motion gets on: `progress` goes from 0 to 1. */
export type Course = (progress: number) => readonly Pose[];

/** How a motion runs. */
export interface Motion {
  /** How many sprites it has. */
  readonly sprites: 1 | 2;
  /** Whether both are the same sprite in the same colours. */
  readonly isTwins?: boolean;
  /** Whether the one that acts is drawn behind the other. */
  readonly actsBehind?: boolean;
  /**
   * How progress follows time. `free`: it may start late and end early, and a slow wobble goes with it. `even`: from the first
   * frame to the last. `cyclic`: as even, but the frame after the last would be the first again.
   */
  readonly timing: 'free' | 'even' | 'cyclic';
  /** Draws place, size, extent and what else differs from clip to clip. */
  course(draw: RandomStream): Course;
}

/** A direction. */
export interface Direction {
  readonly x: number;
  readonly y: number;
}

/** The direction of an angle in turns: 0 is to the right, 1/4 down. */
export function directionOf(turns: number): Direction {
  return { x: cosine(turns), y: sine(turns) };
}

/** A place seen from another: so far along a direction, and so far to the right of it. */
export function placeAlong(
  from: Direction,
  direction: Direction,
  along: number,
  across = 0,
): { readonly x: number; readonly y: number } {
  return {
    x: from.x + direction.x * along - direction.y * across,
    y: from.y + direction.y * along + direction.x * across,
  };
}

/** A place that keeps a distance from the frame's edges. */
export function drawPlace(draw: RandomStream, margin: number): Direction {
  const [low, high] = margin < 0.5 ? [margin, 1 - margin] : [0.5, 0.5];
  return { x: between(draw, low, high), y: between(draw, low, high) };
}

/** A small lean, in turns. */
export function drawLean(draw: RandomStream): number {
  return between(draw, -0.06, 0.06);
}
