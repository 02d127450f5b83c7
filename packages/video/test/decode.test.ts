import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DecoderName, type Frame, openVideo, type Video } from '../src/index.node.ts';
import { clipPath, ffmpegFrame, ffmpegFrameCount, hashedFiles, oddPath } from './fixtures/files.ts';
import { planeMd5 } from './fixtures/packed.ts';

/**
 * What stands in for damage depends on FFmpeg's version, and pictures and playlists are no videos here: those are in
 * outcomes.test.ts. (Of damaged.mp4, ffmpeg gives fewer frames, see below.)
 */
const files = hashedFiles.filter((file) => !/^(damaged|cut\.|concat|jpeg|png|playlist)/.test(file));
const pathOf = (file: string) => (/^(box|cup|street|tree)-\d/.test(file) ? clipPath(file) : oddPath(file));

async function collect(video: Video, indices: readonly number[]): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of video.frames(indices)) frames.push(frame);
  return frames;
}

async function withVideo<T>(file: string, decoder: DecoderName, use: (video: Video) => Promise<T>): Promise<T> {
  const video = await openVideo(pathOf(file), { decoder });
  try {
    return await use(video);
  } finally {
    await video.close();
  }
}

/** Every frame equals what the ffmpeg program decoded, in planes and time. */
async function expectFfmpegFrames(file: string, decoder: DecoderName): Promise<void> {
  await withVideo(file, decoder, async (video) => {
    expect(video.decoder).toBe(decoder);
    expect(video.frameCount).toBe(ffmpegFrameCount(file));
    const frames = await collect(video, [...video.frameTimestamps.keys()]);
    expect(frames.map(({ index }) => index)).toEqual([...video.frameTimestamps.keys()]);
    for (const frame of frames) {
      const expected = ffmpegFrame(file, frame.index);
      if (expected === undefined) continue;
      expect(planeMd5(frame), `planes of frame ${frame.index}`).toBe(expected.md5);
      expect(frame.isSubstitute).toBe(false);
      expect(frame.timestampSeconds).toBeCloseTo(expected.seconds, 4);
      expect([frame.width, frame.height]).toEqual([video.width, video.height]);
    }
  });
}

describe('node-av', () => {
  it.each(files)('gives the planes and times of the ffmpeg program: %s', (file) => expectFfmpegFrames(file, 'node-av'));

  it.each([
    'box-1.mp4',
    'many-keys.mkv',
    'open-gop.mp4',
    'edit-list.mp4',
    'edit-back.mp4',
    'edit-repeat.mp4',
    'hevc.mov',
    'vp8-hidden.webm',
    'damaged.mp4',
    'xvid.avi',
    'mjpeg.avi',
    'raw-rgb.avi',
    'sorenson.flv',
    'wmv2.wmv',
    'mpeg2-interlaced.mpg',
    'animated.gif',
    'mpeg4-rotated.mp4',
  ])('gives the same frame whatever else is asked, in the order asked: %s', (file) =>
    withVideo(file, 'node-av', async (video) => {
      const all = (await collect(video, [...video.frameTimestamps.keys()])).map(planeMd5);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 0, max: video.frameCount - 1 }), { minLength: 1, maxLength: 10 }),
          async (indices) => {
            const frames = await collect(video, indices);
            expect(frames.map(({ index }) => index)).toEqual(indices);
            expect(frames.map(planeMd5)).toEqual(indices.map((index) => all[index]));
          },
        ),
        { numRuns: 12 },
      );
    }),
  );

  it('gives every frame of a damaged file: what ffmpeg decodes bit for bit, and the frame before for what is lost', () =>
    withVideo('damaged.mp4', 'node-av', async (video) => {
      const frames = await collect(video, [...video.frameTimestamps.keys()]);
      expect(frames).toHaveLength(30);
      const intact = frames.filter((frame) => !frame.isSubstitute);
      // ffmpeg guesses the times of damaged frames, so that only the set can be compared.
      const count = ffmpegFrameCount('damaged.mp4');
      expect(count).toBeLessThan(30);
      const decodable = Array.from({ length: count }, (_, i) => ffmpegFrame('damaged.mp4', i)?.md5);
      expect(intact.map(planeMd5).toSorted()).toEqual(decodable.toSorted());
      for (const frame of frames) {
        const shown = intact.findLast(({ index }) => index <= frame.index);
        expect(planeMd5(frame)).toBe(shown && planeMd5(shown));
        expect(frame.timestampSeconds).toBe(video.frameTimestamps[shown?.index ?? -1]);
      }
    }));

  it('decodes an index that is asked twice once', () =>
    withVideo('cup-1.mp4', 'node-av', async (video) => {
      const [first, other, again] = await collect(video, [40, 3, 40]);
      expect(first).toBe(again);
      expect(other).not.toBe(first);
    }));

  it('decodes with several threads to the same bits', async () => {
    const video = await openVideo(clipPath('tree-2.mp4'), { threads: 3 });
    for (const frame of await collect(video, [0, 7, 14, 21, 28])) {
      expect(planeMd5(frame)).toBe(ffmpegFrame('tree-2.mp4', frame.index)?.md5);
    }
    await video.close();
  });

  it('reads from several generators of one video at once', () =>
    withVideo('street-1.mp4', 'node-av', async (video) => {
      const results = await Promise.all([[5, 70], [70, 5], [33]].map((indices) => collect(video, indices)));
      const [a, b] = results.map((frames) => frames.map(planeMd5));
      expect(a).toEqual(b?.toReversed());
    }));

  it('reads a clip while the event loop keeps turning', () =>
    withVideo('box-2.mp4', 'node-av', async (video) => {
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      for (let i = 0; i < 4; i++) await collect(video, [...video.frameTimestamps.keys()]);
      clearInterval(timer);
      expect(turns).toBeGreaterThan(2);
    }));
});

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

describe.skipIf(!hasFfmpeg)(`the ffmpeg program${hasFfmpeg ? '' : ' (skipped: no ffmpeg on the PATH)'}`, () => {
  // Concealment of damage is the program's own affair and changes with its version.
  it.each([
    'street-3.mp4',
    'ten-bit.mp4',
    'gray.mp4',
    'rotated-90.mp4',
    'odd-size.webm',
    'variable-rate.mp4',
    'edit-list.mp4',
    'edit-empty-first.mp4',
    'edit-between-frames.mp4',
    'edit-back.mp4',
    'edit-repeat.mp4',
    'edit-fragmented.mp4',
    'mirrored-90.mp4',
    'xvid.avi',
    'mjpeg-422.mov',
    'mpeg4-rotated.mp4',
    'mpeg4-edit-two.mp4',
    'mpeg4-mirrored.mp4',
    'mpeg4-mirrored-90.mp4',
    'mpeg4-mirrored-180.mp4',
    'mpeg4-mirrored-270.mp4',
    'mpeg2.ts',
    'ffv1-10-bit.mkv',
    'wmv2.wmv',
    'mpeg1.mpg',
    'cinepak.avi',
    'animated.gif',
  ])('gives the planes and times of node-av: %s', (file) => expectFfmpegFrames(file, 'ffmpeg'));

  it('gives frames in the order asked, from memory too', async () => {
    const video = await openVideo(readFileSync(clipPath('box-3.mp4')), { decoder: 'ffmpeg' });
    const frames = await collect(video, [77, 0, 77, 35]);
    expect(frames.map(planeMd5)).toEqual([77, 0, 77, 35].map((index) => ffmpegFrame('box-3.mp4', index)?.md5));
    await video.close();
  });

  it('selects many scattered frames', () =>
    withVideo('box-1.mp4', 'ffmpeg', async (video) => {
      // More ranges than one select expression takes.
      const odd = [...video.frameTimestamps.keys()].filter((index) => index % 2 === 1 || index === 0);
      const bySelection = await collect(video, odd);
      expect(bySelection.map(({ index }) => index)).toEqual(odd);
      for (const frame of bySelection) {
        const expected = ffmpegFrame('box-1.mp4', frame.index);
        if (expected !== undefined) expect(planeMd5(frame)).toBe(expected.md5);
      }
    }));

  it('ends the process when reading stops early', () =>
    withVideo('box-1.mp4', 'ffmpeg', async (video) => {
      for await (const frame of video.frames([...video.frameTimestamps.keys()])) {
        expect(frame.index).toBe(0);
        break;
      }
      const children = spawnSync('ps', ['--ppid', String(process.pid), '-o', 'comm=']).stdout.toString();
      expect(children).not.toContain('ffmpeg');
    }));
});
