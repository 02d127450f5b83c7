import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { openVideo, toRgb } from '@umt/video';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { NoEncoderError, renderSpriteClip, SPRITE_CLASSES, writeSpriteClips, type EncoderName } from '../src/index.ts';

const home = mkdtempSync(join(tmpdir(), 'umt-sprites-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const OPTIONS = { clipsPerClass: 2, seed: 9, split: 'test' } as const;
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

/** Decodes a file; gives its frames as RGB and their times. */
async function decode(path: string) {
  const video = await openVideo(path);
  try {
    const frames: Uint8Array[] = [];
    for await (const frame of video.frames([...video.frameTimestamps.keys()])) frames.push(toRgb(frame).data.slice());
    return { frames, times: [...video.frameTimestamps], size: [video.width, video.height], codec: video.codec };
  } finally {
    await video.close();
  }
}

/** In decibels. */
function peakSignalToNoise(a: Uint8Array, b: Uint8Array): number {
  const error = a.reduce((sum, value, place) => sum + (value - (b[place] ?? NaN)) ** 2, 0) / a.length;
  return 10 * Math.log10(255 ** 2 / error);
}

async function expectRenderedFrames(encoder: EncoderName): Promise<void> {
  const [clip] = await writeSpriteClips(join(home, encoder), {
    ...OPTIONS,
    clipsPerClass: 1,
    classes: ['grow'],
    encoder,
  });
  const { frames, times, size, codec } = await decode(clip?.path ?? '');
  expect([codec, size, frames.length]).toEqual(['avc', [64, 64], 16]);
  for (const [frame, time] of times.entries()) expect(time).toBeCloseTo(frame / 8, 6);
  const { rgb } = renderSpriteClip({ spriteClass: 'grow', split: 'test', seed: 9, index: 0 });
  for (const [index, frame] of frames.entries()) {
    const rendered = rgb.subarray(index * frame.length, (index + 1) * frame.length);
    expect(peakSignalToNoise(frame, rendered)).toBeGreaterThan(24);
  }
}

describe('writing clips', () => {
  it('makes a folder for each class and returns every clip with its label', async () => {
    const folder = join(home, 'all');
    const clips = await writeSpriteClips(folder, OPTIONS);
    expect(clips.map(({ path, label }) => [relative(folder, path), label])).toEqual(
      SPRITE_CLASSES.flatMap((label) => [
        [join(label, '00000.mp4'), label],
        [join(label, '00001.mp4'), label],
      ]),
    );
    for (const { path } of clips) expect((await decode(path)).frames.length).toBe(16);
  });

  it('writes the rendered frames with node-av, but for what coding loses', () => expectRenderedFrames('node-av'));

  it.skipIf(!hasFfmpeg)(
    `writes them with the ffmpeg program too${hasFfmpeg ? '' : ' (skipped: no ffmpeg on the PATH)'}`,
    () => expectRenderedFrames('ffmpeg'),
  );

  it('gives the same files again, also where it writes other classes beside', async () => {
    const [whole] = await writeSpriteClips(join(home, 'a'), { ...OPTIONS, classes: ['vanish', 'appear'] });
    const [alone] = await writeSpriteClips(join(home, 'b'), { ...OPTIONS, classes: ['vanish'] });
    expect(readFileSync(whole?.path ?? '')).toEqual(readFileSync(alone?.path ?? ''));
  });

  it('codes every frame by itself, so that none is known as the first', async () => {
    const [clip] = await writeSpriteClips(join(home, 'still'), { ...OPTIONS, classes: ['move-up'], frames: 6 });
    const bytes = readFileSync(clip?.path ?? '');
    // an mp4 lists its key frames in a box 'stss', and has none where all are
    expect(bytes.includes('stsz')).toBe(true);
    expect(bytes.includes('stss')).toBe(false);
  });

  it('takes another size, length and rate', async () => {
    const format = { size: 96, frames: 5, fps: 10 };
    const [clip] = await writeSpriteClips(join(home, 'large'), { ...OPTIONS, ...format, classes: ['shrink'] });
    const { frames, times, size } = await decode(clip?.path ?? '');
    expect([frames.length, size]).toEqual([5, [96, 96]]);
    expect(times.at(-1)).toBeCloseTo(0.4, 6);
  });

  it('refuses odd sizes, and counts that are none', async () => {
    const write = (changes: object) => writeSpriteClips(join(home, 'never'), { ...OPTIONS, ...changes });
    await expect(write({ size: 65 })).rejects.toThrow(/size must be even, as H.264 wants it, got 65/);
    await expect(write({ clipsPerClass: 0 })).rejects.toThrow(/clipsPerClass must be a whole number from 1 on, got 0/);
    await expect(write({ fps: 7.5 })).rejects.toThrow(/fps must be a whole number from 1 on, got 7.5/);
  });

  it('says what to install where nothing encodes', async () => {
    const { PATH } = process.env;
    onTestFinished(() => void (process.env['PATH'] = PATH));
    process.env['PATH'] = home;
    const writing = writeSpriteClips(join(home, 'never'), { ...OPTIONS, encoder: 'ffmpeg' });
    await expect(writing).rejects.toThrow(NoEncoderError);
    await expect(writing).rejects.toThrow(/ffmpeg is not here; put an ffmpeg with libx264 on the PATH/);
  });
});
