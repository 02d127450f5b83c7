export { SPRITE_CLASSES, type SpriteClass } from './classes.ts';
export { NoEncoderError, type EncoderName } from './node/encoder.ts';
export { writeSpriteClips, type WriteSpriteClipsOptions, type WrittenSpriteClip } from './node/write-sprite-clips.ts';
export type { SpriteSplit } from './palette.ts';
export { renderSpriteClip, type SpriteClip, type SpriteClipOptions } from './render-sprite-clip.ts';
