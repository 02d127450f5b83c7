import { readFileSync, readdirSync } from 'node:fs';
import { openAsBlob } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openVideo, type Video, VideoError, type VideoErrorKind, type VideoSource } from '../src/index.node.ts';
import { nodePlatform } from '../src/node/platform.ts';
import { loadLibAv } from '../src/node/libav.ts';
import { createOpenVideo } from '../src/open-video.ts';
import { clipPath, ffmpegFrame, oddPath } from './fixtures/files.ts';
import { planeMd5 } from './fixtures/packed.ts';

/** What a promise rejects with. */
async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => Promise.reject(new Error(`expected a failure, got ${String(value)}`)),
    (error: unknown) => error,
  );
}

async function firstPlanes(source: VideoSource): Promise<string> {
  const video = await openVideo(source);
  for await (const frame of video.frames([14])) {
    await video.close();
    return planeMd5(frame);
  }
  throw new Error('no frame');
}

const notInstalled = () =>
  Promise.reject(
    Object.assign(new Error("Cannot find package 'node-av' imported from here"), { code: 'ERR_MODULE_NOT_FOUND' }),
  );

describe('facts', () => {
  it('are known before anything is decoded', async () => {
    const video = await openVideo(clipPath('cup-1.mp4'));
    expect(video).toMatchObject({
      frameCount: 94,
      width: 320,
      height: 240,
      codec: 'avc',
      rotation: 0,
      colorSpace: { matrix: 'bt601', fullRange: false },
      decoder: 'node-av',
    });
    expect(video.durationSeconds).toBeCloseTo(3.51, 2);
    expect(video.frameTimestamps).toHaveLength(94);
    await video.close();
  });

  it('take rotation, range and matrix from the file', async () => {
    const turned = await openVideo(oddPath('rotated-90.mp4'));
    // The file says: turn by 90 degrees counter-clockwise.
    expect(turned).toMatchObject({ width: 64, height: 96, rotation: 270 });
    const full = await openVideo(oddPath('full-range-709.mp4'));
    expect(full.colorSpace).toEqual({ matrix: 'bt709', fullRange: true });
    await Promise.all([turned.close(), full.close()]);
  });
});

describe('sources', () => {
  const path = clipPath('street-2.mp4');
  const expected = ffmpegFrame('street-2.mp4', 14)?.md5;
  let server: Server;
  let address = '';

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url !== '/street-2.mp4') response.writeHead(404).end();
      else response.end(readFileSync(path));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  it('may be a path, a file URL, an address, a Blob or bytes', async () => {
    const bytes = readFileSync(path);
    const sources: VideoSource[] = [
      path,
      pathToFileURL(path),
      pathToFileURL(path).href,
      `${address}/street-2.mp4`,
      new URL(`${address}/street-2.mp4`),
      await openAsBlob(path),
      bytes,
      new Uint8Array(bytes).buffer,
    ];
    for (const source of sources) expect(await firstPlanes(source)).toBe(expected);
  });

  it('that no server has are reported', async () => {
    const error = await failure(openVideo(`${address}/other.mp4`));
    expect(error).toMatchObject({
      kind: 'not-found',
      message: `"${address}/other.mp4" cannot be fetched: the server answered 404`,
    });
  });
});

describe('errors', () => {
  const files: readonly (readonly [string, VideoErrorKind, string])[] = [
    ['absent.mp4', 'not-found', 'does not exist: check the path'],
    ['', 'not-video', 'is a folder: give a video file'],
    ['empty.mp4', 'not-video', 'is empty (0 bytes): it was not written or not fetched to the end'],
    [
      'text.mp4',
      'not-video',
      'is no video file of a known format: give an mp4, mov, mkv, webm, ts, avi, flv, wmv, mpg or gif file',
    ],
    [
      'cut-before-index.mp4',
      'not-video',
      'has no index of its contents: it was cut off before the end; fetch it again',
    ],
    ['audio-only.mp4', 'no-video-track', 'has no video track: it holds sound only'],
  ];

  it.each(files)('one line names the file and what is wrong: %s', async (file, kind, message) => {
    const error = await failure(openVideo(oddPath(file)));
    expect(error).toBeInstanceOf(VideoError);
    expect(error).toMatchObject({ kind, message: `"${oddPath(file)}" ${message}` });
  });

  it.each([
    ['stts', 12, 'more times than frames'],
    ['ctts', 12, 'more time offsets than frames'],
    ['stsc', 16, 'chunks of more frames than there are'],
  ])('come at once for an index that would exhaust memory or never end: %s', async (table, offset) => {
    const bytes = readFileSync(oddPath('open-gop.mp4'));
    bytes.writeUInt32BE(0x7fffffff, bytes.indexOf(table) + offset);
    expect(await failure(openVideo(bytes, { name: 'clip.mp4' }))).toMatchObject({
      kind: 'not-video',
      message: expect.stringMatching(
        /^"clip.mp4" has a damaged index: it speaks of 21474836\d\d frames and has sizes for 20;/,
      ),
    });
  });

  it('come for a Matroska file in which the search for the next element goes round in circles', async () => {
    const header = readFileSync(oddPath('odd-size.webm')).subarray(0, 36);
    const segment = Buffer.from('185380670100000000000100', 'hex');
    const bytes = Buffer.concat([header, segment, Buffer.alloc(256)]);
    expect(await failure(openVideo(bytes, { name: 'clip.webm' }))).toMatchObject({
      kind: 'not-video',
      message: '"clip.webm" cannot be read as a video: its structure is damaged; fetch or export it again',
    });
  });

  it('say when not one frame can be decoded', async () => {
    const bytes = readFileSync(oddPath('one-frame.mp4'));
    const start = bytes.indexOf('mdat') + 4;
    bytes.fill(0, start, bytes.indexOf('moov') - 4);
    const video = await openVideo(bytes, { name: 'zeros' });
    const error = await failure(video.frames([0]).next());
    expect(error).toMatchObject({
      kind: 'undecodable',
      message: 'no frame of "zeros" can be decoded: the file is damaged; replace it',
    });
    await video.close();
  });

  it('name the frame that does not exist, and a closed video', async () => {
    const video = await openVideo(oddPath('one-frame.mp4'));
    expect(await failure(video.frames([0, 1]).next())).toMatchObject({
      kind: 'bad-argument',
      message: `frame 1 of "${oddPath('one-frame.mp4')}" does not exist: it has frames 0 to 0`,
    });
    await video.close();
    await video.close();
    expect(await failure(video.frames([0]).next())).toMatchObject({ kind: 'closed' });
  });

  it('end reading when the video is closed half-way', async () => {
    const video = await openVideo(clipPath('box-1.mp4'));
    const frames = video.frames([...video.frameTimestamps.keys()]);
    await frames.next();
    await video.close();
    expect(await failure(frames.next())).toMatchObject({ kind: 'closed' });
  });

  it('say what to install when nothing decodes', async () => {
    const bare = createOpenVideo(nodePlatform({ loadLibAv: notInstalled, ffmpeg: 'no-such-program' }));
    const path = clipPath('box-1.mp4');
    const install = `run "npm install node-av@6.1.1"`;
    expect(await failure(bare(path))).toMatchObject({
      kind: 'no-decoder',
      message: `cannot decode "${path}": nothing that decodes video is installed; ${install} or put ffmpeg on the PATH`,
    });
    expect(await failure(bare(path, { decoder: 'node-av' }))).toMatchObject({
      kind: 'no-decoder',
      message: `cannot decode "${path}" with node-av: ${install} (Cannot find package 'node-av' imported from here)`,
    });
    const withoutFfmpeg = createOpenVideo(nodePlatform({ loadLibAv, ffmpeg: 'no-such-program' }));
    expect(await failure(withoutFfmpeg(path, { decoder: 'ffmpeg' }))).toMatchObject({ kind: 'no-decoder' });
    expect(await failure(openVideo(path, { decoder: 'webcodecs' }))).toMatchObject({ kind: 'no-decoder' });
  });

  it('tell of a node-av that is installed and does not load', async () => {
    const broken = () => Promise.reject(new Error('libc.so.6: version GLIBC_2.99 not found\nmore'));
    const told: Error[] = [];
    const note = (warning: Error) => told.push(warning);
    process.on('warning', note);
    try {
      const path = clipPath('box-1.mp4');
      const without = createOpenVideo(nodePlatform({ loadLibAv: broken, ffmpeg: 'no-such-program' }));
      for (const file of [path, oddPath('xvid.avi')]) {
        expect(await failure(without(file))).toMatchObject({
          message: expect.stringContaining(
            'node-av does not load (libc.so.6: version GLIBC_2.99 not found)',
          ) as unknown,
        });
        expect(await failure(without(file, { decoder: 'node-av' }))).toMatchObject({
          kind: 'no-decoder',
          message: expect.stringContaining('(libc.so.6: version GLIBC_2.99 not found)') as unknown,
        });
      }
      // A program that runs and knows its version.
      const withProgram = createOpenVideo(nodePlatform({ loadLibAv: broken, ffmpeg: 'true' }));
      for (let i = 0; i < 2; i++) await (await withProgram(path)).close();
      const absent = createOpenVideo(nodePlatform({ loadLibAv: notInstalled, ffmpeg: 'true' }));
      await (await absent(path)).close();
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(told.map(({ message }) => message)).toEqual([
        'node-av is installed and does not load (libc.so.6: version GLIBC_2.99 not found): the ffmpeg program reads videos in its place, slower',
      ]);
    } finally {
      process.off('warning', note);
    }
  });

  it('are the only thing that damaged bytes can cause: every frame comes, or a VideoError', async () => {
    const files = ['open-gop.mp4', 'many-keys.mkv', 'odd-size.webm', 'fragmented.mp4', 'vp8-hidden.webm', 'hevc.mov'];
    files.push('xvid.avi', 'mjpeg.avi', 'cinepak.avi', 'ffv1.avi', 'sorenson.flv', 'wmv2.wmv', 'mpeg1.mpg', 'mpeg2.ts');
    files.push('animated.gif', 'theora.ogv', 'h263.3gp', 'mpeg4-rotated.mp4', 'ffv1-10-bit.mkv');
    const originals = files.map((file) => readFileSync(oddPath(file)));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: files.length - 1 }),
        fc.array(
          fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.integer({ min: 0, max: 255 })),
          {
            minLength: 1,
            maxLength: 20,
          },
        ),
        fc.double({ min: 0.2, max: 1, noNaN: true }),
        async (which, changes, kept) => {
          const original = originals[which] ?? Buffer.alloc(0);
          const bytes = new Uint8Array(original.subarray(0, Math.ceil(original.length * kept)));
          for (const [place, value] of changes) bytes[Math.floor(place * bytes.length)] = value;
          let video: Video | undefined;
          try {
            video = await openVideo(bytes);
            const indices = [...video.frameTimestamps.keys()].slice(0, 40);
            let count = 0;
            for await (const frame of video.frames(indices)) {
              expect(frame.index).toBe(indices[count++]);
              expect(frame.planes.length).toBeGreaterThan(0);
            }
            expect(count).toBe(indices.length);
          } catch (error) {
            expect(error).toBeInstanceOf(VideoError);
            expect((error as VideoError).message).not.toContain('\n');
          } finally {
            await video?.close();
          }
        },
      ),
      { numRuns: 120 },
    );
  });
});

describe('formats that FFmpeg demuxes', () => {
  it('say what they are before frames are read', async () => {
    const video = await openVideo(oddPath('xvid.avi'));
    expect(video).toMatchObject({ codec: 'mpeg4', decoder: 'node-av', frameCount: 15, width: 96, height: 64 });
    expect([...video.frameTimestamps.slice(0, 3)].map((time) => time.toFixed(3))).toEqual(['0.100', '0.200', '0.300']);
    expect(video.durationSeconds).toBeCloseTo(1.6, 6);
    await video.close();
    const turned = await openVideo(oddPath('mpeg4-rotated.mp4'));
    expect(turned).toMatchObject({ width: 64, height: 96, rotation: 270 });
    await turned.close();
    const film = await openVideo(oddPath('mjpeg.avi'));
    expect(film.colorSpace).toEqual({ matrix: 'bt601', fullRange: true });
    await film.close();
  });

  it('come from an address', async () => {
    const server = createServer((_, response) => response.end(readFileSync(oddPath('wmv2.wmv'))));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const video = await openVideo(`http://127.0.0.1:${(server.address() as AddressInfo).port}/clip`);
    for await (const frame of video.frames([9])) expect(planeMd5(frame)).toBe(ffmpegFrame('wmv2.wmv', 9)?.md5);
    await video.close();
    server.close();
  });

  it('are read by several generators at once, and end when the video is closed half-way', async () => {
    const video = await openVideo(readFileSync(oddPath('mpeg2.vob')));
    const [one, other] = [video.frames([3, 11]), video.frames([...video.frameTimestamps.keys()])];
    const first = await Promise.all([one.next(), other.next()]);
    expect(first.map(({ value }) => value?.index)).toEqual([3, 0]);
    await one.next();
    await video.close();
    expect(await failure(other.next())).toMatchObject({ kind: 'closed' });
  });

  it('need something that demuxes them: without it the message names what can be read', async () => {
    const bare = createOpenVideo(nodePlatform({ loadLibAv: notInstalled, ffmpeg: 'no-such-program' }));
    const problems = { 'xvid.avi': 'not-video', 'mpeg4.mp4': 'unsupported-codec' } as const;
    for (const [file, kind] of Object.entries(problems)) {
      expect(await failure(bare(oddPath(file)))).toMatchObject({
        kind,
        message: expect.stringContaining(
          'for more formats run "npm install node-av@6.1.1" or put ffmpeg on the PATH',
        ) as unknown,
      });
    }
    expect(await failure(openVideo(oddPath('xvid.avi'), { decoder: 'webcodecs' }))).toMatchObject({
      kind: 'not-video',
    });
  });
});

describe('resources', () => {
  const openDescriptors = () => readdirSync('/proc/self/fd').length;

  it.skipIf(process.platform !== 'linux')(
    'files are closed, also after errors and reading that stops early',
    async () => {
      const before = openDescriptors();
      for (let i = 0; i < 5; i++) {
        await failure(openVideo(oddPath('audio-only.mp4')));
        const video = await openVideo(clipPath('tree-1.mp4'));
        for await (const _ of video.frames([3, 30])) break;
        await video.close();
      }
      // Closing a file takes a turn.
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(openDescriptors()).toBeLessThanOrEqual(before);
    },
  );

  it('a hundred opens leave no memory behind', async () => {
    const files = [clipPath('cup-2.mp4'), oddPath('damaged.mp4'), oddPath('odd-size.webm')];
    const cycle = async (times: number) => {
      for (let i = 0; i < times; i++) {
        const video = await openVideo(files[i % files.length] ?? '');
        for await (const frame of video.frames([0, video.frameCount - 1])) expect(frame.width).toBeGreaterThan(0);
        await video.close();
      }
    };
    await cycle(60);
    const before = process.memoryUsage().rss;
    await cycle(100);
    const grown = (process.memoryUsage().rss - before) / 2 ** 20;
    // One decoder kept per open would be 500 MB; the collector's own ups and downs stay far below this.
    expect(grown).toBeLessThan(40);
  });
});
