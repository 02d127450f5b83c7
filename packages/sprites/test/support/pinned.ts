import { renderSpriteClip, SPRITE_CLASSES, SPRITE_SPLITS } from '../../src/index.ts';

/** SHA-256 of the frames that {@link pinnedFrames} gives, on every machine. */
export const PINNED = '8c8477d58027e76fb0b2d7993c0dc5540e906db354fe9daa737e2cf580fc9b3b';

/** Small clips of all classes, each of another split than the one before. */
export function pinnedFrames(): Uint8Array<ArrayBuffer> {
  const clips = SPRITE_CLASSES.map((spriteClass, index) => {
    const split = SPRITE_SPLITS[index % 3] ?? 'train';
    return renderSpriteClip({ spriteClass, split, seed: 7, index, size: 32, frames: 8 }).rgb;
  });
  const all = new Uint8Array(clips.reduce((length, { length: more }) => length + more, 0));
  let at = 0;
  for (const rgb of clips) {
    all.set(rgb, at);
    at += rgb.length;
  }
  return all;
}
