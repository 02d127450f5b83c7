import { expect, test } from 'vitest';
import { decodeJpegs, toRgb } from '@umt/video';
import files from './fixtures/jpeg.json' with { type: 'json' };

const bytes = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

test('a browser decodes JPEG images as Pillow does', async () => {
  for (const { name, width, height, jpeg, rgb } of files) {
    for await (const picture of decodeJpegs([bytes(jpeg)])) {
      expect([picture.width, picture.height]).toEqual([width, height]);
      const ours = toRgb(picture).data;
      const theirs = bytes(rgb);
      const sum = ours.reduce((total, value, i) => total + Math.abs(value - (theirs[i] ?? 0)), 0);
      expect(sum / ours.length, name).toBeLessThan(1.5);
    }
  }
});

test('an image that is none is told', async () => {
  await expect(decodeJpegs([new Uint8Array([1, 2, 3])], { name: 'a.tar: 1' }).next()).rejects.toThrow(
    'image 0 of a.tar: 1 cannot be decoded',
  );
});
