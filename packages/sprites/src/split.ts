/** Which clips: what the sprites of one split look like, their hues too, no other split ever shows. */
export type SpriteSplit = (typeof SPRITE_SPLITS)[number];

/** The splits. */
export const SPRITE_SPLITS = ['train', 'validation', 'test'] as const;
