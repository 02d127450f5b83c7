import { copyFile, cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crc32c } from '@umt/crc';
import { listVideos, verifyShards, verifyVideos } from '../src/index.node.ts';
import { parseShardFileIndex, parseShardIndex } from '../src/shards/format.ts';
import { packSynthetic } from './packing.ts';

const CLIPS = fileURLToPath(new URL('../../../assets/clips', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umt-verify-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('videos', () => {
  test('are decoded to the end, and broken ones listed with their cause', async () => {
    const whole = await readFile(join(CLIPS, 'cup-1.mp4'));
    await copyFile(join(CLIPS, 'tree-1.mp4'), join(folder, 'a.mp4'));
    await writeFile(join(folder, 'b.mp4'), whole.subarray(0, 20));
    await writeFile(join(folder, 'c.mp4'), 'this is no video');
    // Samples that are overwritten in the middle of the file; its index lies at the other end.
    const holed = Uint8Array.from(whole);
    holed.fill(0xff, whole.length * 0.45, whole.length * 0.6);
    await writeFile(join(folder, 'd.mp4'), holed);
    const entries = [...(await listVideos(folder)), { path: join(folder, 'e.mp4') }];
    const heard: number[] = [];
    const found = await verifyVideos({ entries, workers: 0, onChecked: ({ done }) => void heard.push(done) });
    expect(found.videos).toBe(5);
    expect(found.broken.map(({ path, kind }) => [path.at(-5), kind])).toEqual([
      ['b', 'not-video'],
      ['c', 'not-video'],
      ['d', 'damaged'],
      ['e', 'not-found'],
    ]);
    expect(found.broken[2]?.message).toMatch(/d\.mp4: \d+ of \d+ frames cannot be decoded, the first is \d+$/);
    expect(heard).toEqual([1, 2, 3, 4, 5]);
  });

  test('that are whole are not broken', async () => {
    const [first, second] = await listVideos(CLIPS);
    const entries = [first, second].flatMap((entry) => entry ?? []);
    expect(await verifyVideos({ entries, workers: 0 })).toMatchObject({ videos: 2, broken: [] });
  });
});

describe.each(['jpeg', 'rgb'] as const)('a shard set of %s frames', (encoding) => {
  let good: string;
  beforeAll(async () => {
    good = join(folder, encoding);
    const entries = ['9x40x30@5/a', '4x30x40@5/b', '6x40x30@5/c'].map((path) => ({ path }));
    await packSynthetic({ entries, output: good, encoding, shortSide: 24, shardBytes: 18_000 });
  });

  async function copy(name: string): Promise<string> {
    const place = join(folder, `${encoding}-${name}`);
    await cp(good, place, { recursive: true });
    return place;
  }
  const check = async (place: string) => (await verifyShards({ place, workers: 0 })).broken;

  /** Changes a shard and all checksums with it, as one who packs wrongly would. */
  async function forge(place: string, change: (tar: Buffer, side: string) => string): Promise<void> {
    const path = join(place, 'index.json');
    const index = parseShardIndex(await readFile(path, 'utf8'), path);
    const [first] = index.shards;
    if (!first) throw new Error('no shard');
    const tar = await readFile(join(place, first.file));
    const side = change(tar, await readFile(join(place, first.index), 'utf8'));
    const hex = (bytes: Uint8Array) => crc32c(bytes).toString(16).padStart(8, '0');
    await writeFile(join(place, first.file), tar);
    await writeFile(join(place, first.index), side);
    const forged = { ...first, crc32c: hex(tar), indexCrc32c: hex(Buffer.from(side)) };
    await writeFile(path, JSON.stringify({ ...index, shards: [forged, ...index.shards.slice(1)] }));
  }

  test('that is whole is whole', async () => {
    const found = await verifyShards({ place: good, workers: 0 });
    expect(found).toMatchObject({ samples: 3, frames: 19, broken: [] });
    expect(found.shards).toBeGreaterThan(1);
  });

  test('with one changed bit has a wrong checksum, wherever it is', async () => {
    const place = await copy('bit');
    const path = join(place, 'shard-000000.tar');
    const tar = await readFile(path);
    for (const at of [3, 600, tar.length >> 1, tar.length - 5]) {
      const changed = Buffer.from(tar);
      changed[at] = (changed[at] ?? 0) ^ 4;
      await writeFile(path, changed);
      const broken = await check(place);
      expect(
        broken.map(({ kind }) => kind),
        `byte ${at}`,
      ).toContain('checksum');
      expect(broken.at(-1)?.message).toMatch(
        /shard-000000\.tar: its checksum is \w{8}, not \w{8}: copy or pack it again$/,
      );
    }
  });

  test('says which sample is damaged', async () => {
    const place = await copy('sample');
    const path = join(place, 'shard-000000.tar');
    const side = await readFile(join(place, 'shard-000000.index.json'), 'utf8');
    const tar = await readFile(path);
    const [first] = parseShardFileIndex(side, path, tar.length).samples;
    const [at = 0] = first?.frames[2] ?? [];
    tar[at + 100] = (tar[at + 100] ?? 0) ^ 0x55;
    await writeFile(path, tar);
    expect(await check(place)).toContainEqual(expect.objectContaining({ kind: 'sample', key: '000000000', path }));
  });

  test('with a file that is missing, too short or too long says so', async () => {
    const place = await copy('files');
    const path = join(place, 'shard-000000.tar');
    const tar = await readFile(path);
    await truncate(path, tar.length - 100);
    expect((await check(place)).map(({ kind, path: at }) => [kind, at])).toEqual([['size', path]]);
    await writeFile(path, Buffer.concat([tar, Buffer.alloc(1)]));
    expect((await check(place)).map(({ kind }) => kind)).toEqual(['size']);
    await writeFile(path, tar);
    expect(await check(place)).toEqual([]);
    await rm(path);
    expect((await check(place)).map(({ kind }) => kind)).toEqual(['missing']);
    await writeFile(path, tar);
    await rm(join(place, 'shard-000000.index.json'));
    expect((await check(place)).map(({ kind }) => kind)).toEqual(['missing']);
  });

  test('whose parts contradict each other is broken though the checksums are right', async () => {
    const place = await copy('forged');
    await forge(place, (_tar, side) => side.replace('"width":32', '"width":31'));
    expect((await check(place)).map(({ kind }) => kind)).toEqual(['sample']);
    await rm(place, { recursive: true });
    await copy('forged');
    await forge(place, (tar, side) => {
      const { json } = parseShardFileIndex(side, '', tar.length).samples[0] ?? { json: [0, 0] };
      tar[json[0]] = 0x5b;
      return side;
    });
    expect((await check(place)).map(({ kind, message }) => [kind, /not JSON/.test(message)])).toEqual([
      ['sample', true],
    ]);
  });

  if (encoding === 'jpeg') {
    test('with a frame that does not decode says which', async () => {
      const place = await copy('frame');
      await forge(place, (tar, side) => {
        const index = parseShardFileIndex(side, '', tar.length);
        const [first, ...rest] = index.samples;
        const [at, size] = first?.frames[1] ?? [0, 0];
        tar.fill(0, at, at + size);
        const bytes = Buffer.concat((first?.frames ?? []).map(([from, length]) => tar.subarray(from, from + length)));
        const crc = crc32c(bytes).toString(16).padStart(8, '0');
        return JSON.stringify({ ...index, samples: [{ ...first, crc32c: crc }, ...rest] });
      });
      const broken = await check(place);
      expect(broken.map(({ kind, key }) => [kind, key])).toEqual([['frame', '000000000']]);
    });
  }
});

describe('over http', () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer((request, response) => {
      readFile(join(folder, decodeURI(request.url ?? ''))).then(
        (bytes) => {
          const [, from = '0', to = ''] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
          const end = to === '' ? bytes.length : Math.min(bytes.length, Number(to) + 1);
          const isRange = request.headers.range !== undefined;
          response.writeHead(isRange ? 206 : 200, {
            'content-length': end - Number(from),
            ...(isRange && { 'content-range': `bytes ${from}-${end - 1}/${bytes.length}` }),
          });
          response.end(bytes.subarray(Number(from), end));
        },
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test('a set is checked as in a folder', async () => {
    const { port } = server.address() as AddressInfo;
    const at = (name: string) => `http://127.0.0.1:${port}/${name}`;
    expect(await verifyShards({ place: at('jpeg'), workers: 0 })).toMatchObject({ samples: 3, frames: 19, broken: [] });
    const { broken } = await verifyShards({ place: at('jpeg-bit/index.json'), workers: 0 });
    expect(broken.map(({ kind }) => kind)).toContain('checksum');
  });
});
