import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frameToTensor, openVideo } from '../src/index.node.ts';
import { clipPath, ffmpegFrame, oddPath } from './fixtures/files.ts';

const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (command) => spawnSync(command, ['--version']).status === 0,
);
const missing = CHROMIUM === undefined ? ' (skipped: no Chromium on the PATH)' : '';

/** Names as the page asks for them, and where they lie. */
const FILES: Readonly<Record<string, string>> = {
  'box-1.mp4': clipPath('box-1.mp4'),
  'odd-size.webm': oddPath('odd-size.webm'),
  'vp8-hidden.webm': oddPath('vp8-hidden.webm'),
  'rotated-90.mp4': oddPath('rotated-90.mp4'),
  'full-range-709.mp4': oddPath('full-range-709.mp4'),
  'edit-list.mp4': oddPath('edit-list.mp4'),
  'open-gop.mp4': oddPath('open-gop.mp4'),
  ...Object.fromEntries(
    [
      'edit-empty-first.mp4',
      'edit-mid-group.mp4',
      'edit-between-frames.mp4',
      'edit-ends-early.mp4',
      'edit-two.mp4',
      'edit-back.mp4',
      'edit-repeat.mp4',
      'edit-rate.mp4',
      'edit-fragmented.mp4',
      'mirrored.mp4',
      'mirrored-90.mp4',
      'wide-pixels.mp4',
      'edit-shows-nothing.mp4',
    ].map((file) => [file, oddPath(file)]),
  ),
  'many-keys.mkv': oddPath('many-keys.mkv'),
  'damaged.mp4': oddPath('damaged.mp4'),
  'audio-only.mp4': oddPath('audio-only.mp4'),
  'empty.mp4': oddPath('empty.mp4'),
  'text.mp4': oddPath('text.mp4'),
};

const bodies = new Map<string, Buffer>();

async function visit(chromium: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'umt-video-browser-'));
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('browser-page.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
  });
  const script = Buffer.from(outputFiles[0]?.contents ?? []);
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        bodies.set(pathname + search, Buffer.concat(chunks));
        response.end();
        if (pathname === '/done') finish();
      });
      return;
    }
    const file = FILES[pathname.slice(1)];
    if (pathname === '/')
      response.setHeader('content-type', 'text/html').end('<script type="module" src="/page.js"></script>');
    else if (pathname === '/page.js') response.setHeader('content-type', 'text/javascript').end(script);
    else if (file !== undefined) response.end(readFileSync(file));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const query = [...Object.keys(FILES), 'missing.mp4'].map((file) => `file=${file}`).join('&');
  const child = spawn(
    chromium,
    [
      ...['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${join(folder, 'profile')}`],
      `http://127.0.0.1:${port}/?${query}`,
    ],
    // Its own group, so that its helpers end with it.
    { stdio: 'ignore', detached: true },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    await done;
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await exited;
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

interface PageVideo {
  readonly facts: { readonly frameCount: number; readonly decoder: string; readonly frameTimestamps: number[] };
  readonly frames: readonly {
    readonly index: number;
    readonly isBrowserConverted: boolean;
    readonly isSubstitute: boolean;
  }[];
}

const pageVideo = (file: string) => {
  const body = bodies.get(`/video?file=${file}`) ?? bodies.get(`/error?file=${file}`);
  return JSON.parse(body?.toString() ?? 'null') as unknown as PageVideo;
};
const pageError = (file: string) =>
  JSON.parse(bodies.get(`/error?file=${file}`)?.toString() ?? 'null') as unknown as { kind: string; message: string };

describe.skipIf(CHROMIUM === undefined)(`in Chromium${missing}`, () => {
  beforeAll(async () => {
    if (CHROMIUM !== undefined) await visit(CHROMIUM);
  }, 60_000);
  afterAll(() => bodies.clear());

  it.each([
    'box-1.mp4',
    'odd-size.webm',
    'vp8-hidden.webm',
    'rotated-90.mp4',
    'full-range-709.mp4',
    'edit-list.mp4',
    'open-gop.mp4',
    'edit-empty-first.mp4',
    'edit-mid-group.mp4',
    'edit-between-frames.mp4',
    'edit-ends-early.mp4',
    'edit-two.mp4',
    'edit-back.mp4',
    'edit-repeat.mp4',
    'edit-rate.mp4',
    'edit-fragmented.mp4',
    'mirrored.mp4',
    'mirrored-90.mp4',
    'wide-pixels.mp4',
    'many-keys.mkv',
  ])('native planes, facts and tensors are those of Node: %s', async (file) => {
    const { facts, frames } = pageVideo(file);
    const video = await openVideo(FILES[file] ?? '');
    const { frameTimestamps, ...expected } = { ...video, decoder: 'webcodecs' };
    expect(facts).toMatchObject(JSON.parse(JSON.stringify(expected)) as object);
    expect(facts.frameTimestamps).toEqual([...frameTimestamps]);
    expect(frames.map(({ index }) => index)).toEqual([...frameTimestamps.keys()].reverse());
    expect(frames.filter((frame) => frame.isBrowserConverted || frame.isSubstitute)).toEqual([]);

    const tensor = new Float32Array(32 * 32 * 3);
    for await (const frame of video.frames([...frameTimestamps.keys()])) {
      const key = `?file=${file}&index=${frame.index}`;
      const planes = bodies.get(`/planes${key}`) ?? Buffer.alloc(0);
      const known = ffmpegFrame(file, frame.index)?.md5;
      if (known !== undefined) expect(createHash('md5').update(planes).digest('hex')).toBe(known);
      frameToTensor(frame, { width: 32, height: 32 }, tensor);
      expect(Buffer.from(tensor.buffer).equals(bodies.get(`/tensor${key}`) ?? Buffer.alloc(0))).toBe(true);
    }
    await video.close();
  });

  it('gives every frame of a damaged file, neighbours standing in', () => {
    const { facts, frames } = pageVideo('damaged.mp4');
    expect(frames).toHaveLength(facts.frameCount);
  });

  it('names what is wrong with files that hold no video', () => {
    expect(pageError('audio-only.mp4')).toMatchObject({ kind: 'no-video-track' });
    expect(pageError('edit-shows-nothing.mp4')).toMatchObject({ kind: 'undecodable' });
    expect(pageError('text.mp4')).toMatchObject({ kind: 'not-video' });
    expect(pageError('empty.mp4')).toMatchObject({ kind: 'not-video' });
    expect(pageError('missing.mp4')).toMatchObject({ kind: 'not-found' });
  });
});
