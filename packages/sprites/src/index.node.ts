export * from './index.ts';
export type { ClipSetOptions } from './node/clip-list.ts';
export { NoEncoderError, type EncoderName } from './node/encoder.ts';
export { SpriteFolderError } from './node/set-file.ts';
export {
  writeSpriteClips,
  type SpriteProgress,
  type WriteSpriteClipsOptions,
  type WrittenSpriteClip,
  type WrittenSpriteClips,
} from './node/write-sprite-clips.ts';
