import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openVideo, toRgb } from '@umt/video';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  captionsOf,
  NoEncoderError,
  questionsOf,
  renderSpriteClip,
  SPRITE_ANSWERS,
  SPRITE_CLASSES,
  SpriteFolderError,
  writeSpriteClips,
  type EncoderName,
} from '../src/index.node.ts';

const home = mkdtempSync(join(tmpdir(), 'umt-sprites-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const OPTIONS = { clips: 4, seed: 9, split: 'test', size: 32, frames: 8, workers: 0 } as const;
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
  const options = { ...OPTIONS, clips: 1, classes: ['grow'], size: 64, frames: 16, encoder } as const;
  const { clips } = await writeSpriteClips(join(home, encoder), options);
  const { frames, times, size, codec } = await decode(clips[0]?.path ?? '');
  expect([codec, size, frames.length]).toEqual(['avc', [64, 64], 16]);
  for (const [frame, time] of times.entries()) expect(time).toBeCloseTo(frame / 8, 6);
  const { rgb } = renderSpriteClip({ spriteClass: 'grow', split: 'test', seed: 9, index: 0, size: 64 });
  for (const [index, frame] of frames.entries()) {
    const rendered = rgb.subarray(index * frame.length, (index + 1) * frame.length);
    expect(peakSignalToNoise(frame, rendered)).toBeGreaterThan(24);
  }
}

describe('writing clips', () => {
  it('makes a folder for each class, spreads the clips over them, and returns every clip with its label', async () => {
    const folder = join(home, 'all');
    const { clips, written, remaining } = await writeSpriteClips(folder, { ...OPTIONS, clips: 50 });
    expect([clips.length, written, remaining]).toEqual([50, 50, 0]);
    expect(clips.slice(0, 48).map(({ path, label }) => [relative(folder, path), label])).toEqual(
      SPRITE_CLASSES.map((label) => [join(label, '00000.mp4'), label]),
    );
    expect(clips.slice(48).map(({ path }) => relative(folder, path))).toEqual([
      join('move-right', '00001.mp4'),
      join('move-left', '00001.mp4'),
    ]);
    for (const { path } of clips) expect(statSync(path).size).toBeGreaterThan(500);
    expect(readdirSync(folder).sort()).toEqual(
      [...SPRITE_CLASSES, 'answers.json', 'captions.jsonl', 'labels.csv', 'questions.jsonl', 'sprites.json'].sort(),
    );
  });

  it('writes the rendered frames with node-av, but for what coding loses', () => expectRenderedFrames('node-av'));

  it.skipIf(!hasFfmpeg)(
    `writes them with the ffmpeg program too${hasFfmpeg ? '' : ' (skipped: no ffmpeg on the PATH)'}`,
    () => expectRenderedFrames('ffmpeg'),
  );

  it('codes every frame by itself: those of partners are the same once decoded, in another order', async () => {
    const classes = ['grow', 'shrink', 'swing-once', 'swing-twice'] as const;
    const { clips } = await writeSpriteClips(join(home, 'still'), { ...OPTIONS, classes });
    const [grow, shrink, once, twice] = await Promise.all(
      clips.map(async ({ path }) => (await decode(path)).frames.map((frame) => Buffer.from(frame).toString('base64'))),
    );
    expect(shrink).toEqual([...(grow ?? [])].reverse());
    expect(twice).toEqual([0, 2, 4, 6, 1, 3, 5, 7].map((frame) => once?.[frame]));
    for (const { path } of clips) {
      // an mp4 lists its key frames in a box 'stss', and has none where all are
      expect([readFileSync(path).includes('stsz'), readFileSync(path).includes('stss')]).toEqual([true, false]);
    }
    // that order cannot be told from the sizes of the files' frames either: partners have the same number of bytes
    const [a, b] = clips.slice(0, 2).map(({ path }) => statSync(path).size);
    expect(a).toBe(b);
  });

  it('lists labels, captions, questions and answers, with paths from the folder on', async () => {
    const folder = join(home, 'lists');
    const { clips } = await writeSpriteClips(folder, { ...OPTIONS, classes: ['push', 'pull'] });
    const lines = (name: string) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
    const files = clips.map(({ path }) => relative(folder, path).replaceAll('\\', '/'));
    expect(lines('labels.csv')).toEqual(['file_name,label', ...files.map((file) => `${file},${file.split('/')[0]}`)]);
    const clip = { spriteClass: 'pull', split: 'test', seed: 9, index: 1, size: 32, frames: 8 } as const;
    expect(lines('captions.jsonl').map((line) => JSON.parse(line) as unknown)[3]).toEqual({
      file_name: 'pull/00001.mp4',
      captions: captionsOf(clip),
    });
    const asked = lines('questions.jsonl').map((line) => JSON.parse(line) as { readonly file_name: string });
    expect(asked.filter(({ file_name }) => file_name === 'pull/00001.mp4')).toEqual(
      questionsOf(clip).map((question) => ({ file_name: 'pull/00001.mp4', ...question })),
    );
    expect(JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8'))).toEqual(SPRITE_ANSWERS);
  });

  it('takes another size, length and rate, and pictures to lie behind', async () => {
    const format = { clips: 1, size: 48, frames: 9, fps: 10, classes: ['blink-twice'] } as const;
    const backgrounds = fileURLToPath(new URL('../../../assets/clips', import.meta.url));
    const [plain, pictured] = await Promise.all([
      writeSpriteClips(join(home, 'plain'), { ...OPTIONS, ...format }),
      writeSpriteClips(join(home, 'pictured'), { ...OPTIONS, ...format, backgrounds }),
    ]);
    const { frames, times, size } = await decode(plain.clips[0]?.path ?? '');
    expect([frames.length, size]).toEqual([9, [48, 48]]);
    expect(times.at(-1)).toBeCloseTo(0.8, 6);
    const { frames: others } = await decode(pictured.clips[0]?.path ?? '');
    expect(peakSignalToNoise(frames[4] ?? new Uint8Array(), others[4] ?? new Uint8Array())).toBeLessThan(20);
    expect(readFileSync(join(home, 'pictured', 'captions.jsonl'), 'utf8')).toContain('over a picture');
  });

  it('says what is wrong with pictures to lie behind', async () => {
    const write = (backgrounds: string) => writeSpriteClips(join(home, 'never'), { ...OPTIONS, backgrounds });
    await expect(write(join(home, 'nowhere'))).rejects.toThrow(/nowhere: no pictures can be read there \(ENOENT\)/);
    const empty = mkdtempSync(join(home, 'empty-'));
    await expect(write(empty)).rejects.toThrow(/there is no picture in it \(\.jpg, \.jpeg, \.mp4/);
    writeFileSync(join(empty, 'broken.jpg'), 'no picture');
    await expect(write(empty)).rejects.toThrow(/broken\.jpg/);
  });

  it('refuses odd sizes, and counts that are none', async () => {
    const write = (changes: object) => writeSpriteClips(join(home, 'never'), { ...OPTIONS, ...changes });
    await expect(write({ size: 65 })).rejects.toThrow(/size must be even, as H.264 wants it, got 65/);
    await expect(write({ clips: 0 })).rejects.toThrow(/clips must be a whole number from 1 on, got 0/);
    await expect(write({ fps: 7.5 })).rejects.toThrow(/fps must be a whole number from 1 on, got 7.5/);
    await expect(write({ classes: [] })).rejects.toThrow(/classes must name at least one class/);
    await expect(write({ classes: ['fly'] })).rejects.toThrow(/'fly' is no sprite class/);
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

describe('going on', () => {
  it('after a stop writes what is missing, and the files are those of an unbroken call', async () => {
    const [folder, whole] = [join(home, 'stopped'), join(home, 'whole')];
    const options = { ...OPTIONS, clips: 12, classes: ['merge', 'split', 'knock'] } as const;
    const stop = new AbortController();
    const stopped = await writeSpriteClips(folder, {
      ...options,
      signal: stop.signal,
      onProgress: ({ done }) => (done === 5 ? stop.abort() : undefined),
    });
    expect(stopped.written).toBeGreaterThanOrEqual(5);
    expect(stopped.written + stopped.remaining).toBe(12);
    expect(stopped.remaining).toBeGreaterThan(0);
    expect(readdirSync(folder)).not.toContain('labels.csv');
    rmSync(join(folder, 'merge', '00000.mp4'));

    const progress: number[] = [];
    const resumed = await writeSpriteClips(folder, { ...options, onProgress: ({ done }) => void progress.push(done) });
    expect([resumed.written, resumed.remaining]).toEqual([stopped.remaining + 1, 0]);
    expect(progress).toEqual(Array.from({ length: resumed.written + 1 }, (_, place) => 12 - resumed.written + place));
    const { clips } = await writeSpriteClips(whole, options);
    for (const { path } of clips) expect(readFileSync(join(folder, relative(whole, path)))).toEqual(readFileSync(path));
    for (const name of ['labels.csv', 'captions.jsonl', 'questions.jsonl', 'sprites.json']) {
      expect(readFileSync(join(folder, name), 'utf8')).toBe(readFileSync(join(whole, name), 'utf8'));
    }
  });

  it('may make a set larger, and leaves what is there alone', async () => {
    const folder = join(home, 'growing');
    await writeSpriteClips(folder, { ...OPTIONS, clips: 2, classes: ['zigzag'] });
    const kept = statSync(join(folder, 'zigzag', '00001.mp4')).mtimeMs;
    const { written } = await writeSpriteClips(folder, { ...OPTIONS, clips: 3, classes: ['zigzag'] });
    expect([written, statSync(join(folder, 'zigzag', '00001.mp4')).mtimeMs]).toEqual([1, kept]);
    expect(readFileSync(join(folder, 'labels.csv'), 'utf8').trimEnd().split('\n').length).toBe(4);
  });

  it('refuses a folder of other clips, naming what differs', async () => {
    const folder = join(home, 'other');
    const options = { ...OPTIONS, clips: 2, classes: ['zigzag'] } as const;
    await writeSpriteClips(folder, options);
    const write = (changes: object) => writeSpriteClips(folder, { ...options, ...changes });
    await expect(write({ seed: 10 })).rejects.toThrow(SpriteFolderError);
    await expect(write({ seed: 10 })).rejects.toThrow(/other: it holds clips of seed 9, not 10: take another folder/);
    await expect(write({ clips: 1 })).rejects.toThrow(/it holds clips of clips 2, not 1/);
    await expect(write({ kinds: ['emoji'] })).rejects.toThrow(
      /it holds clips of kinds \["shape","digit","emoji"\], not/,
    );
    writeFileSync(join(folder, 'sprites.json'), '{');
    await expect(write({})).rejects.toThrow(/sprites\.json: it does not say what the clips are made of/);
  });
});
