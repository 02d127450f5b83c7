export { orderBlindCeiling, partnerOf, SPRITE_CLASSES, type SpriteClass } from './classes.ts';
export type { GroundPicture } from './ground.ts';
export type { SpriteClipOptions } from './plan-clip.ts';
export { renderSpriteClip, type SpriteClip } from './render-sprite-clip.ts';
export { SPRITE_SPLITS, type SpriteSplit } from './split.ts';
export { SPRITE_KINDS, type SpriteKind } from './sprites.ts';
export { captionsOf } from './captions.ts';
export { questionsOf, SPRITE_ANSWERS, type SpriteQuestion } from './questions.ts';
export type { ClipSetOptions } from './clip-set.ts';
export { NoEncoderError, SpriteFolderError } from './errors.ts';
export {
  writeSpriteClips,
  type EncoderName,
  type SpriteProgress,
  type WriteSpriteClipsOptions,
  type WrittenSpriteClip,
  type WrittenSpriteClips,
} from './write-sprite-clips.ts';
