/**
 * How the frames of a class are put in order: as its motion draws them, backwards, or twice at double speed (every second
 * frame, then those left out).
 */
export type FrameOrder = 'forwards' | 'backwards' | 'doubled';

/** How a class is made. */
interface ClassRule {
  readonly motion: SpriteMotion;
  readonly order: FrameOrder;
}

// prettier-ignore
/** The motions. New ones come at the end, so that the clips of a class stay the same. */
export const SPRITE_MOTIONS = [
  'horizontal', 'vertical', 'falling-diagonal', 'rising-diagonal', 'scale', 'opacity', 'rotation', 'orbit',
  'speed', 'spiral', 'bounces', 'blinking', 'swinging', 'zigzag', 'nothing',
  'meeting', 'pushing', 'chasing', 'covering', 'merging', 'circling', 'taking-turns',
  'passing-in-front', 'passing-behind', 'swapping', 'colliding', 'following', 'knocking',
] as const;

/** What changes in a clip. */
export type SpriteMotion = (typeof SPRITE_MOTIONS)[number];

/** Partners stand side by side. */
const RULES = {
  'move-right': { motion: 'horizontal', order: 'forwards' },
  'move-left': { motion: 'horizontal', order: 'backwards' },
  'move-down': { motion: 'vertical', order: 'forwards' },
  'move-up': { motion: 'vertical', order: 'backwards' },
  'move-down-right': { motion: 'falling-diagonal', order: 'forwards' },
  'move-up-left': { motion: 'falling-diagonal', order: 'backwards' },
  'move-up-right': { motion: 'rising-diagonal', order: 'forwards' },
  'move-down-left': { motion: 'rising-diagonal', order: 'backwards' },
  grow: { motion: 'scale', order: 'forwards' },
  shrink: { motion: 'scale', order: 'backwards' },
  appear: { motion: 'opacity', order: 'forwards' },
  vanish: { motion: 'opacity', order: 'backwards' },
  'rotate-clockwise': { motion: 'rotation', order: 'forwards' },
  'rotate-anticlockwise': { motion: 'rotation', order: 'backwards' },
  'orbit-clockwise': { motion: 'orbit', order: 'forwards' },
  'orbit-anticlockwise': { motion: 'orbit', order: 'backwards' },
  accelerate: { motion: 'speed', order: 'forwards' },
  decelerate: { motion: 'speed', order: 'backwards' },
  'spiral-out': { motion: 'spiral', order: 'forwards' },
  'spiral-in': { motion: 'spiral', order: 'backwards' },
  'bounce-lower': { motion: 'bounces', order: 'forwards' },
  'bounce-higher': { motion: 'bounces', order: 'backwards' },
  'blink-twice': { motion: 'blinking', order: 'forwards' },
  'blink-four-times': { motion: 'blinking', order: 'doubled' },
  'swing-once': { motion: 'swinging', order: 'forwards' },
  'swing-twice': { motion: 'swinging', order: 'doubled' },
  zigzag: { motion: 'zigzag', order: 'forwards' },
  'stand-still': { motion: 'nothing', order: 'forwards' },
  approach: { motion: 'meeting', order: 'forwards' },
  part: { motion: 'meeting', order: 'backwards' },
  push: { motion: 'pushing', order: 'forwards' },
  pull: { motion: 'pushing', order: 'backwards' },
  chase: { motion: 'chasing', order: 'forwards' },
  escape: { motion: 'chasing', order: 'backwards' },
  cover: { motion: 'covering', order: 'forwards' },
  uncover: { motion: 'covering', order: 'backwards' },
  merge: { motion: 'merging', order: 'forwards' },
  split: { motion: 'merging', order: 'backwards' },
  'circle-clockwise': { motion: 'circling', order: 'forwards' },
  'circle-anticlockwise': { motion: 'circling', order: 'backwards' },
  'left-first': { motion: 'taking-turns', order: 'forwards' },
  'right-first': { motion: 'taking-turns', order: 'backwards' },
  'pass-in-front': { motion: 'passing-in-front', order: 'forwards' },
  'pass-behind': { motion: 'passing-behind', order: 'forwards' },
  swap: { motion: 'swapping', order: 'forwards' },
  collide: { motion: 'colliding', order: 'forwards' },
  follow: { motion: 'following', order: 'forwards' },
  knock: { motion: 'knocking', order: 'forwards' },
} as const satisfies Readonly<Record<string, ClassRule>>;

/** One of the 48 classes: 28 of one sprite, 20 of two. */
export type SpriteClass = keyof typeof RULES;

/** The classes, partners beside each other. New ones come at the end. */
export const SPRITE_CLASSES = Object.keys(RULES) as readonly SpriteClass[];

/** @throws RangeError for what is no class */
export function ruleOf(spriteClass: SpriteClass): ClassRule {
  if (Object.hasOwn(RULES, spriteClass)) return RULES[spriteClass];
  throw new RangeError(`'${spriteClass}' is no sprite class; they are ${SPRITE_CLASSES.join(', ')}`);
}

/**
 * The class whose clips hold the same frames in another order, clip by clip; null for the eight that have none.
 * @throws RangeError for what is no class
 */
export function partnerOf(spriteClass: SpriteClass): SpriteClass | null {
  const { motion } = ruleOf(spriteClass);
  return SPRITE_CLASSES.find((other) => other !== spriteClass && RULES[other].motion === motion) ?? null;
}

/**
 * The highest share of clips that a model can be right about which does not know the order of the frames, where each class
 * has the same clips: one of the two for partners, all for the others.
 */
export function orderBlindCeiling(classes: readonly SpriteClass[] = SPRITE_CLASSES): number {
  const shares = classes.map((one): number => {
    const partner = partnerOf(one);
    return partner !== null && classes.includes(partner) ? 1 / 2 : 1;
  });
  return shares.reduce((sum, share) => sum + share, 0) / classes.length;
}

/** Which drawn frame is shown at each place of a clip. */
export function frameOrder(order: FrameOrder, frames: number): readonly number[] {
  const places = Array.from({ length: frames }, (_, place) => place);
  if (order === 'backwards') return places.reverse();
  if (order === 'doubled')
    return [...places.filter((place) => place % 2 === 0), ...places.filter((place) => place % 2 === 1)];
  return places;
}
