/** What changes in a clip. Each is a pair of opposite classes, of which one is the other played backwards. */
export type SpriteMotion = (typeof SPRITE_MOTIONS)[number];

/** The motions; new ones come at the end, so that the clips of a class stay the same. */
export const SPRITE_MOTIONS = ['horizontal', 'vertical', 'scale', 'opacity', 'rotation'] as const;

/** How a class is made: the motion, and whether its frames are played backwards. */
interface ClassRule {
  readonly motion: SpriteMotion;
  readonly backwards: boolean;
}

const RULES = {
  'move-left': { motion: 'horizontal', backwards: true },
  'move-right': { motion: 'horizontal', backwards: false },
  'move-up': { motion: 'vertical', backwards: true },
  'move-down': { motion: 'vertical', backwards: false },
  grow: { motion: 'scale', backwards: false },
  shrink: { motion: 'scale', backwards: true },
  appear: { motion: 'opacity', backwards: false },
  vanish: { motion: 'opacity', backwards: true },
  'rotate-clockwise': { motion: 'rotation', backwards: false },
  'rotate-anticlockwise': { motion: 'rotation', backwards: true },
} as const satisfies Readonly<Record<string, ClassRule>>;

/** One of the ten classes. */
export type SpriteClass = keyof typeof RULES;

/** The ten classes: five pairs of opposite motions. New ones come at the end, so that the clips of a class stay the same. */
export const SPRITE_CLASSES = Object.keys(RULES) as readonly SpriteClass[];

/** @throws RangeError for what is no class */
export function ruleOf(spriteClass: SpriteClass): ClassRule {
  if (Object.hasOwn(RULES, spriteClass)) return RULES[spriteClass];
  throw new RangeError(`'${spriteClass}' is no sprite class; they are ${SPRITE_CLASSES.join(', ')}`);
}
