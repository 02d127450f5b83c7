import { random } from '@umt/random';
import { oneOf } from './between.ts';
import type { SpriteClass } from './classes.ts';
import {
  describedNoun,
  directionPhrase,
  directionTaken,
  GROUND_PHRASES,
  placeOf,
  placePhrase,
  withArticle,
} from './facts.ts';
import { planClip, type SpriteClipOptions } from './plan-clip.ts';

/** Sentences for each class: `A` acts, `B` is the other. */
const SENTENCES: Readonly<Record<SpriteClass, readonly [string, string, string]>> = {
  'move-right': ['A moves to the right', 'A slides from left to right', 'A goes right'],
  'move-left': ['A moves to the left', 'A slides from right to left', 'A goes left'],
  'move-down': ['A moves down', 'A sinks', 'A goes from higher to lower'],
  'move-up': ['A moves up', 'A rises', 'A goes from lower to higher'],
  'move-down-right': ['A moves down and to the right', 'A slides to the lower right', 'A goes down right'],
  'move-up-left': ['A moves up and to the left', 'A slides to the upper left', 'A goes up left'],
  'move-up-right': ['A moves up and to the right', 'A slides to the upper right', 'A goes up right'],
  'move-down-left': ['A moves down and to the left', 'A slides to the lower left', 'A goes down left'],
  grow: ['A grows', 'A gets larger', 'A becomes big'],
  shrink: ['A shrinks', 'A gets smaller', 'A becomes small'],
  appear: ['A appears', 'A fades in', 'A comes into sight'],
  vanish: ['A vanishes', 'A fades out', 'A goes out of sight'],
  'rotate-clockwise': ['A turns clockwise', 'A rotates clockwise about its foot', 'A tips over to the right'],
  'rotate-anticlockwise': [
    'A turns anticlockwise',
    'A rotates anticlockwise about its foot',
    'A tips over to the left',
  ],
  'orbit-clockwise': ['A goes round in a circle clockwise', 'A circles clockwise', 'A moves on a ring, clockwise'],
  'orbit-anticlockwise': [
    'A goes round in a circle anticlockwise',
    'A circles anticlockwise',
    'A moves on a ring, anticlockwise',
  ],
  accelerate: ['A gets faster and faster', 'A accelerates', 'A starts slowly and ends fast'],
  decelerate: ['A gets slower and slower', 'A slows down', 'A starts fast and ends slowly'],
  'spiral-out': ['A spirals outwards', 'A goes round in wider and wider circles', 'A winds its way out'],
  'spiral-in': ['A spirals inwards', 'A goes round in narrower and narrower circles', 'A winds its way in'],
  'bounce-lower': [
    'A falls and bounces lower and lower',
    'A bounces ever lower',
    'A drops and comes to rest in bounces',
  ],
  'bounce-higher': ['A bounces higher and higher', 'A bounces ever higher', 'A jumps up in growing bounces'],
  'blink-twice': ['A blinks twice', 'A goes out of sight two times', 'A blinks slowly'],
  'blink-four-times': ['A blinks four times', 'A goes out of sight four times', 'A blinks fast'],
  'swing-once': ['A swings to and fro once', 'A goes back and forth one time', 'A swings slowly'],
  'swing-twice': ['A swings to and fro twice', 'A goes back and forth two times', 'A swings fast'],
  zigzag: ['A moves in a zigzag', 'A zigzags', 'A goes along a jagged line'],
  'stand-still': ['A stands still', 'A does not move', 'A stays where it is'],
  approach: ['A and B approach each other', 'A and B come together', 'A meets B'],
  part: ['A and B part', 'A and B move away from each other', 'A and B leave each other'],
  push: ['A pushes B', 'A comes up to B and shoves it along', 'A runs into B and pushes it away'],
  pull: ['A pulls B and lets it go', 'A drags B along and then leaves it', 'A tows B, then goes on alone'],
  chase: ['A chases B and catches up', 'A catches up with B', 'A comes closer and closer behind B'],
  escape: ['A escapes from B', 'A runs away from B, which follows', 'A gets farther and farther ahead of B'],
  cover: ['A covers B', 'A moves over B', 'A slides onto B'],
  uncover: ['A uncovers B', 'A moves off B', 'A slides away from over B'],
  merge: ['A merges with its twin', 'A and its twin become one', 'A and another like it merge'],
  split: ['A splits in two', 'A comes apart into two', 'A splits into twins'],
  'circle-clockwise': ['A circles B clockwise', 'A goes clockwise around B', 'A moves around B, clockwise'],
  'circle-anticlockwise': [
    'A circles B anticlockwise',
    'A goes anticlockwise around B',
    'A moves around B, anticlockwise',
  ],
  'left-first': ['A on the left moves first, then B', 'first A moves, then B on the right', 'B moves after A'],
  'right-first': ['B on the right moves first, then A', 'first B moves, then A on the left', 'A moves after B'],
  'pass-in-front': ['A passes in front of B', 'A moves across in front of B', 'A crosses over B'],
  'pass-behind': ['A passes behind B', 'A moves across behind B', 'A crosses under B'],
  swap: ['A and B swap places', 'A and B change places', 'A and B go to where the other was'],
  collide: [
    'A and B collide and bounce off',
    'A and B bump into each other and go back',
    'A hits B, and both bounce back',
  ],
  follow: ['A follows B', 'A goes along behind B', 'A moves in the track of B'],
  knock: ['A knocks B away', 'A stops at B, which moves on', 'A bumps into B and sets it going'],
};

/**
 * Sentences that describe a clip, made by a grammar: each names the sprites, painted ones with their colour, and what they
 * do; one says where it begins or which way it goes, one what lies behind.
 *
 * @returns three sentences, a function of the options alone
 * @throws RangeError as `renderSpriteClip` does
 */
export function captionsOf(options: SpriteClipOptions): readonly string[] {
  const { spriteClass, split, seed, index } = options;
  const { actors, ground } = planClip(options);
  const [acts, other] = actors;
  const names = [acts, other].map((actor) => (actor ? withArticle(describedNoun(actor)) : ''));
  const draw = random({ seed, stream: `captions ${split} ${spriteClass}`, index });
  const turn = draw.integer(0, 2);
  const sentence = (number: number) =>
    (SENTENCES[spriteClass][(number + turn) % 3] ?? '').replace(
      /\b[AB]\b/g,
      (letter) => names[letter === 'A' ? 0 : 1] ?? '',
    );

  const place = placeOf(acts?.poses[0]);
  const direction = acts && DIRECTED.includes(spriteClass) ? directionTaken(acts) : null;
  const where = direction ? directionPhrase(direction) : place && `starting ${placePhrase(place)}`;
  const first = oneOf(draw, ['', 'in this video, ']);
  return [
    `${first}${sentence(0)}.`,
    `${sentence(1)}${where ? `, ${where}` : ''}.`,
    `${sentence(2)}, over ${GROUND_PHRASES[ground]}.`,
  ].map((text) => text.charAt(0).toUpperCase() + text.slice(1));
}

// prettier-ignore
/** Classes that go one way, which their name does not say. */
export const DIRECTED: readonly SpriteClass[] = [
  'accelerate', 'decelerate', 'zigzag', 'push', 'pull', 'chase', 'escape', 'pass-in-front', 'pass-behind', 'follow',
];
