import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeJpegs, toRgb, VideoError, type DecoderName, type Picture } from '../src/index.node.ts';
import { createDecodeJpegs } from '../src/node/decode-jpegs.ts';

/** Written by fixtures/make_jpeg.py: files of Pillow's, and what it decodes them to. */
const files = JSON.parse(readFileSync(new URL('fixtures/jpeg.json', import.meta.url), 'utf8')) as readonly {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly jpeg: string;
  readonly rgb: string;
}[];

const bytes = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));
const jpegs = files.map(({ jpeg }) => bytes(jpeg));

async function decode(images: readonly Uint8Array[], decoder?: DecoderName): Promise<readonly Picture[]> {
  const pictures: Picture[] = [];
  for await (const picture of decodeJpegs(images, { name: 'a.tar: 7', ...(decoder && { decoder }) }))
    pictures.push(picture);
  return pictures;
}

const runs = async (decoder: DecoderName) => {
  try {
    await decode(jpegs.slice(0, 1), decoder);
    return true;
  } catch (error) {
    if (error instanceof VideoError && error.kind === 'no-decoder') return false;
    throw error;
  }
};
const isHere = { 'node-av': await runs('node-av'), ffmpeg: await runs('ffmpeg') };

describe.each(['node-av', 'ffmpeg'] as const)('%s', (decoder) => {
  test.skipIf(!isHere[decoder]).each(files.map((file) => [file.name, file] as const))(
    'decodes %s as Pillow does',
    async (_, file) => {
      const [picture] = await decode([bytes(file.jpeg)], decoder);
      if (picture === undefined) throw new Error('no picture');
      expect([picture.width, picture.height]).toEqual([file.width, file.height]);
      const theirs = bytes(file.rgb);
      const ours = toRgb(picture).data;
      const differences = ours.map((value, i) => Math.abs(value - (theirs[i] ?? 0)));
      // Pillow interpolates chroma with other weights at the border, and rounds between its steps.
      expect(differences.reduce((sum, value) => sum + value, 0) / differences.length).toBeLessThan(1);
      expect(Math.max(...differences)).toBeLessThanOrEqual(6);
    },
  );
});

test.skipIf(!isHere['node-av'] || !isHere.ffmpeg)('both decoders give the same planes', async () => {
  const same = jpegs.slice(0, 1).flatMap((jpeg) => [jpeg, jpeg]);
  const planes = async (decoder: DecoderName) =>
    (await decode(same, decoder)).map((picture) => picture.planes.map(({ data }) => Buffer.from(data).toString('hex')));
  expect(await planes('node-av')).toEqual(await planes('ffmpeg'));
});

test.skipIf(!isHere['node-av'])(
  'an image that is no JPEG is told by its number, and the next ones are decoded',
  async () => {
    const broken = decode([...jpegs.slice(0, 1), Uint8Array.from([1, 2, 3, 4]), ...jpegs.slice(1)]);
    await expect(broken).rejects.toThrow('image 1 of a.tar: 7 cannot be decoded');
    await expect(broken).rejects.toMatchObject({ kind: 'undecodable' });
    expect(await decode(jpegs)).toHaveLength(jpegs.length);
    await expect(decode([new Uint8Array()])).rejects.toMatchObject({ kind: 'undecodable' });
  },
);

test('says what to install where nothing decodes', async () => {
  const absent = Object.assign(new Error("Cannot find package 'node-av'"), { code: 'ERR_MODULE_NOT_FOUND' });
  const nothing = createDecodeJpegs({ loadLibAv: () => Promise.reject(absent), ffmpeg: '/nowhere/ffmpeg' });
  await expect(nothing(jpegs).next()).rejects.toThrow(
    'cannot decode the image: nothing that decodes JPEG is installed; run "npm install node-av@6.1.1"',
  );
});
