import { SPRITE_CLASSES, type SpriteClass } from './classes.ts';
import { DIRECTED } from './captions.ts';
import { describedNoun, directionTaken, DIRECTIONS, nounOf, placeOf, PLACES } from './facts.ts';
import { COLOR_NAMES } from './palette.ts';
import { planClip, type Actor, type SpriteClipOptions } from './plan-clip.ts';
import { SPRITE_KINDS } from './sprites.ts';

/** A question about a clip, and its answer. */
export interface SpriteQuestion {
  readonly question: string;
  /** One of {@link SPRITE_ANSWERS}. */
  readonly answer: string;
}

/** Every answer that there is. */
export const SPRITE_ANSWERS: readonly string[] = [
  ...new Set<string>([
    ...SPRITE_CLASSES.map(actionOf),
    ...DIRECTIONS,
    ...PLACES,
    ...COLOR_NAMES,
    ...SPRITE_KINDS,
    ...Array.from({ length: 10 }, (_, digit) => String(digit)),
    ...['one', 'two', 'four', 'clockwise', 'anticlockwise', 'the left one', 'the right one', 'in front', 'behind'],
    ...['at the start', 'at the end', 'in the middle', 'yes', 'no'],
  ]),
];

type Asked = readonly [question: string, answer: string];

/** What is asked of one class beside what is asked of all. `it` is the sprite that acts. */
const OWN: Partial<Record<SpriteClass, (it: string) => Asked>> = {
  grow: (it) => [`When is the ${it} larger?`, 'at the end'],
  shrink: (it) => [`When is the ${it} larger?`, 'at the start'],
  appear: (it) => [`When can the ${it} be seen better?`, 'at the end'],
  vanish: (it) => [`When can the ${it} be seen better?`, 'at the start'],
  'rotate-clockwise': (it) => [`Which way does the ${it} turn?`, 'clockwise'],
  'rotate-anticlockwise': (it) => [`Which way does the ${it} turn?`, 'anticlockwise'],
  'orbit-clockwise': (it) => [`Which way round does the ${it} go?`, 'clockwise'],
  'orbit-anticlockwise': (it) => [`Which way round does the ${it} go?`, 'anticlockwise'],
  accelerate: (it) => [`When is the ${it} faster?`, 'at the end'],
  decelerate: (it) => [`When is the ${it} faster?`, 'at the start'],
  'bounce-lower': (it) => [`When does the ${it} bounce highest?`, 'at the start'],
  'bounce-higher': (it) => [`When does the ${it} bounce highest?`, 'at the end'],
  'blink-twice': (it) => [`How many times does the ${it} blink?`, 'two'],
  'blink-four-times': (it) => [`How many times does the ${it} blink?`, 'four'],
  'swing-once': (it) => [`How many times does the ${it} swing to and fro?`, 'one'],
  'swing-twice': (it) => [`How many times does the ${it} swing to and fro?`, 'two'],
  'stand-still': (it) => [`Does the ${it} move?`, 'no'],
  zigzag: (it) => [`Does the ${it} move?`, 'yes'],
  approach: () => ['When do the two touch?', 'at the end'],
  part: () => ['When do the two touch?', 'at the start'],
  push: () => ['When do the two touch?', 'at the end'],
  pull: () => ['When do the two touch?', 'at the start'],
  chase: () => ['When are the two closer to each other?', 'at the end'],
  escape: () => ['When are the two closer to each other?', 'at the start'],
  collide: () => ['When do the two touch?', 'in the middle'],
  cover: () => ['When does one hide more of the other?', 'at the end'],
  uncover: () => ['When does one hide more of the other?', 'at the start'],
  merge: () => ['How many are there at the end?', 'one'],
  split: () => ['How many are there at the end?', 'two'],
  'circle-clockwise': (it) => [`Which way round does the ${it} go?`, 'clockwise'],
  'circle-anticlockwise': (it) => [`Which way round does the ${it} go?`, 'anticlockwise'],
  'left-first': () => ['Which one moves first?', 'the left one'],
  'right-first': () => ['Which one moves first?', 'the right one'],
  'pass-in-front': (it) => [`Does the ${it} pass in front of the other or behind it?`, 'in front'],
  'pass-behind': (it) => [`Does the ${it} pass in front of the other or behind it?`, 'behind'],
};

/** Classes of two of which only one moves. */
const MOVES_ALONE: readonly SpriteClass[] =
  ['cover', 'uncover', 'circle-clockwise', 'circle-anticlockwise', 'pass-in-front', 'pass-behind']; // prettier-ignore

/**
 * Questions about a clip with short answers: what happens, how many there are, which one moves, what colour and kind it
 * is of, where it begins and ends, which way it goes, what comes first.
 *
 * @returns questions that have one right answer each, a function of the options alone
 * @throws RangeError as `renderSpriteClip` does
 */
export function questionsOf(options: SpriteClipOptions): readonly SpriteQuestion[] {
  const { spriteClass, actors } = planClip(options);
  const [acts, other] = actors;
  if (!acts) throw new Error('every clip has a sprite that acts');
  const isTwins = spriteClass === 'merge' || spriteClass === 'split';
  const asked: readonly (Asked | null)[] = [
    ['What happens in the video?', actionOf(spriteClass)],
    isTwins ? null : ['How many things are there?', other ? 'two' : 'one'],
    OWN[spriteClass]?.(nounOf(acts)) ?? null,
    ...(other ? aboutTwo(spriteClass, acts, other) : aboutOne(acts)),
    ...aboutWay(spriteClass, acts),
  ];
  return asked.flatMap((one) => (one === null ? [] : [{ question: one[0], answer: one[1] }]));
}

function aboutOne(acts: Actor): readonly (Asked | null)[] {
  const { kind, name, colors } = acts.sprite;
  return [
    ['What kind of thing is it?', kind],
    kind === 'digit' ? ['Which digit is it?', name] : null,
    colors === null ? [`What colour is the ${nounOf(acts)}?`, acts.paint.name] : null,
  ];
}

function aboutTwo(spriteClass: SpriteClass, acts: Actor, other: Actor): readonly (Asked | null)[] {
  const arePainted = acts.sprite.colors === null && other.sprite.colors === null;
  const differInKind = acts.sprite.kind !== other.sprite.kind;
  const isAlone = MOVES_ALONE.includes(spriteClass);
  const hits = spriteClass === 'knock';
  return [
    acts.sprite.colors === null ? [`What colour is the ${nounOf(acts)}?`, acts.paint.name] : null,
    isAlone && arePainted ? ['What colour is the one that moves?', acts.paint.name] : null,
    isAlone && differInKind ? ['What kind of thing stands still?', other.sprite.kind] : null,
    hits && arePainted ? ['What colour is the one that moves first?', acts.paint.name] : null,
    hits && differInKind ? ['What kind of thing moves first?', acts.sprite.kind] : null,
  ];
}

function aboutWay(spriteClass: SpriteClass, acts: Actor): readonly (Asked | null)[] {
  const it = describedNoun(acts);
  const isMoving = DIRECTED.includes(spriteClass) || spriteClass.startsWith('move-');
  const direction = isMoving ? directionTaken(acts) : null;
  const [start, end] = [placeOf(acts.poses[0]), placeOf(acts.poses.at(-1))];
  return [
    direction && [`In which direction does the ${it} move?`, direction],
    isMoving && start ? [`Where is the ${it} at the start?`, start] : null,
    isMoving && end ? [`Where is the ${it} at the end?`, end] : null,
  ];
}

/** "move left" of `move-left`. */
function actionOf(spriteClass: SpriteClass): string {
  return spriteClass.replaceAll('-', ' ');
}
