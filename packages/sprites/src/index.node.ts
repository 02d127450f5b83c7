export * from './index.ts';
export { writeSpriteClips } from './node/write-sprite-clips.ts';
