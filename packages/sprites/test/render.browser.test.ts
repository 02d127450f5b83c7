import { expect, it } from 'vitest';
import { writeSpriteClips } from '../src/index.ts';
import { PINNED, pinnedFrames } from './support/pinned.ts';

it('clips have the bytes here that they have in Node', async () => {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', pinnedFrames()));
  expect(Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')).toBe(PINNED);
});

it('files are not written here', async () => {
  const writing = writeSpriteClips('sprites', { clips: 1, seed: 0, split: 'train' });
  await expect(writing).rejects.toThrow('browsers have no folders to write to; call renderSpriteClip');
});
