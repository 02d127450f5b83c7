import type { Actor, ClipPlan } from './plan-clip.ts';
import type { Pose } from './pose.ts';

/** Directions, clockwise from the right on. */
export const DIRECTIONS = ['right', 'down right', 'down', 'down left', 'left', 'up left', 'up', 'up right'] as const;

// prettier-ignore
/** Places in the frame, row by row. */
export const PLACES = [
  'upper left', 'top', 'upper right', 'left', 'middle', 'right', 'lower left', 'bottom', 'lower right',
] as const;

/** What captions call a sprite, without an article and without its colour: "house", "letter F", "digit 7". */
export function nounOf({ sprite }: Pick<Actor, 'sprite'>): string {
  return sprite.kind === 'digit' ? `digit ${sprite.name}` : sprite.name;
}

/** "red house"; an emoji has colours of its own. */
export function describedNoun(actor: Actor): string {
  return actor.sprite.colors === null ? `${actor.paint.name} ${nounOf(actor)}` : nounOf(actor);
}

/** With the article that it takes: "a red house", "an owl". */
export function withArticle(noun: string): string {
  return `${/^([aeio]|umb)/.test(noun) ? 'an' : 'a'} ${noun}`;
}

/** The direction from a sprite's first place to its last; null where it is between two, or hardly moves. */
export function directionTaken({ poses }: Actor): (typeof DIRECTIONS)[number] | null {
  const [first, last] = [poses[0], poses.at(-1)];
  if (!first || !last) return null;
  const [x, y] = [last.x - first.x, last.y - first.y];
  const length = Math.sqrt(x * x + y * y);
  if (length < 0.12) return null;
  const [across, down] = [Math.abs(x) / length, Math.abs(y) / length];
  const horizontal = across < STRAY ? '' : x > 0 ? 'right' : 'left';
  const vertical = down < STRAY ? '' : y > 0 ? 'down' : 'up';
  // sideways or up and down: little of the other; aslant: about as much of both
  if (horizontal !== '' && vertical !== '' && Math.min(across, down) < ASLANT) return null;
  const name = `${vertical} ${horizontal}`.trim();
  return DIRECTIONS.find((direction) => direction === name) ?? null;
}

/** Sines of 15 and of 30 degrees. */
const STRAY = 0.26;
const ASLANT = 0.5;

/** Where a sprite is in a frame; null near the border of two places. */
export function placeOf(pose: Pose | undefined): (typeof PLACES)[number] | null {
  if (!pose) return null;
  const [column, row] = [thirdOf(pose.x), thirdOf(pose.y)];
  return column === null || row === null ? null : (PLACES[3 * row + column] ?? null);
}

function thirdOf(place: number): number | null {
  const isNearBorder = [1 / 3, 2 / 3].some((border) => Math.abs(place - border) < 0.04);
  return isNearBorder ? null : Math.min(2, Math.max(0, Math.floor(3 * place)));
}

/** "in the upper left", "at the top", "on the right". */
export function placePhrase(place: (typeof PLACES)[number]): string {
  if (place === 'left' || place === 'right') return `on the ${place}`;
  return place === 'top' || place === 'bottom' ? `at the ${place}` : `in the ${place}`;
}

/** "to the left", "upwards", "to the lower right". */
export function directionPhrase(direction: (typeof DIRECTIONS)[number]): string {
  if (direction === 'up' || direction === 'down') return `${direction}wards`;
  return `to the ${direction.replace('up ', 'upper ').replace('down ', 'lower ')}`;
}

/** What lies behind, after "over". */
export const GROUND_PHRASES: Readonly<Record<ClipPlan['ground'], string>> = {
  clouds: 'clouds',
  stripes: 'stripes',
  checks: 'checks',
  rings: 'rings',
  rock: 'rock',
  hills: 'hills',
  picture: 'a picture',
};
