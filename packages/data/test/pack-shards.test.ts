import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crc32c } from '@umt/crc';
import type { PackEvent, PackShardsOptions, VideoEntry } from '@umt/data';
import { openShardSet } from '../src/index.node.ts';
import { parseShardFileIndex, parseShardIndex, parseShardSampleMeta } from '../src/shards/format.ts';
import { diskFiles } from '../src/shards/node/file-layer.ts';
import { packSynthetic as pack } from './packing.ts';
import { demandPillow, hasPillow, python } from './python.ts';
import { frame } from './synthetic.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umt-pack-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const entries: readonly VideoEntry[] = [
  { path: '5x80x60@5/one', label: 3 },
  { path: '12x60x80@10/two', captions: ['a cap', 'another'] },
  { path: 'bad/three', label: 1 },
  { path: '1x64x64@1/four', question: 'who?', answers: ['me', 'you'] },
  { path: '30x33x31@30/five', labels: [0, 2] },
];
const base = { entries, shortSide: 48, maxBrokenShare: 0.5, shardBytes: 60_000 };

/** Every file of a folder. */
async function contentOf(output: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(output)).sort();
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, (await readFile(join(output, name))).toString('base64')] as const),
    ),
  );
}

async function setOf(output: string) {
  const index = parseShardIndex(await readFile(join(output, 'index.json'), 'utf8'), 'index.json');
  const shards = await Promise.all(
    index.shards.map(async (shard) => {
      const tar = await readFile(join(output, shard.file));
      const side = await readFile(join(output, shard.index), 'utf8');
      return { shard, tar, side, samples: parseShardFileIndex(side, shard.index, shard.bytes).samples };
    }),
  );
  return { index, shards };
}

const hex = (bytes: Uint8Array) => crc32c(bytes).toString(16).padStart(8, '0');

describe.each(['jpeg', 'rgb'] as const)('a set of %s frames', (encoding) => {
  let output: string;
  beforeAll(async () => {
    output = join(folder, encoding);
    await pack({ ...base, encoding, output, classes: ['a', 'b', 'c', 'd'] });
  });

  test('has the samples in the order of the list, without those that are broken', async () => {
    const { index, shards } = await setOf(output);
    const samples = shards.flatMap(({ tar, samples }) =>
      samples.map(({ key, json: [at, size] }) => ({
        key,
        ...parseShardSampleMeta(tar.toString('utf8', at, at + size), key),
      })),
    );
    expect(samples).toEqual([
      {
        ...{ key: '000000000', path: '5x80x60@5/one', label: 3, width: 64, height: 48, frameCount: 5 },
        ...{ sourceFrames: [0, 1, 2, 3, 4], sourceFrameCount: 5, fps: 5, durationSeconds: 1 },
      },
      expect.objectContaining({
        key: '000000001',
        captions: ['a cap', 'another'],
        width: 48,
        height: 64,
        frameCount: 12,
      }),
      expect.objectContaining({ key: '000000003', question: 'who?', answers: ['me', 'you'], width: 48, height: 48 }),
      // Not enlarged.
      expect.objectContaining({ key: '000000004', labels: [0, 2], width: 33, height: 31, frameCount: 30, fps: 30 }),
    ]);
    expect(index).toMatchObject({
      samples: 4,
      frames: 48,
      classes: ['a', 'b', 'c', 'd'],
      name: 'shard',
      encoding,
      shortSide: 48,
    });
    expect(await readFile(join(output, 'broken.jsonl'), 'utf8')).toBe(
      `${JSON.stringify({ path: 'bad/three', kind: 'not-video', message: '"bad/three" is no video' })}\n`,
    );
  });

  test('says sizes and checksums that are right', async () => {
    for (const { shard, tar, side, samples } of (await setOf(output)).shards) {
      expect({ bytes: tar.length, crc: hex(tar), index: hex(Buffer.from(side)), samples: samples.length }).toEqual({
        ...{ bytes: shard.bytes, crc: shard.crc32c, index: shard.indexCrc32c, samples: shard.samples },
      });
      for (const { frames, crc32c: crc } of samples) {
        expect(hex(Buffer.concat(frames.map(([at, size]) => tar.subarray(at, at + size))))).toBe(crc);
      }
    }
  });

  test('keeps tar files below their size, but for a sample that is larger alone', async () => {
    const { shards } = await setOf(output);
    expect(shards.length).toBeGreaterThan(encoding === 'rgb' ? 2 : 0);
    for (const { tar, samples } of shards) if (samples.length > 1) expect(tar.length).toBeLessThanOrEqual(60_000);
    for (const [i, { tar }] of shards.entries()) {
      const next = shards[i + 1];
      const [first] = next?.samples ?? [];
      if (!next || !first) continue;
      const second = next.samples[1]?.json[0] ?? next.tar.length - 512;
      expect(tar.length + second - first.json[0]).toBeGreaterThan(60_000);
    }
  });

  test('is read back by the reader', async () => {
    const set = await openShardSet(output);
    expect(set.length).toBe(4);
    const video = await set.open(3);
    const indices: number[] = [];
    for await (const picture of video.frames([0, 7, 29])) indices.push(picture.width);
    expect(indices).toEqual([33, 33, 33]);
    expect(await set.entryAt(2)).toMatchObject({ path: '1x64x64@1/four', answers: ['me', 'you'] });
    await set.close();
  });

  test('is what GNU tar lists', async () => {
    const { shards } = await setOf(output);
    const listed = shards.flatMap(({ shard }) =>
      execFileSync('tar', ['--numeric-owner', '-tvf', join(output, shard.file)], { env: { ...process.env, TZ: 'UTC' } })
        .toString()
        .trim()
        .split('\n'),
    );
    expect(listed).toHaveLength(encoding === 'jpeg' ? 4 + 48 : 4 + 4);
    for (const line of listed) expect(line).toMatch(/^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00 0000000\d\d\./);
    expect(listed[0]).toMatch(/000000000\.json$/);
    expect(listed[1]).toMatch(encoding === 'jpeg' ? /000000000\.000\.jpg$/ : /000000000\.frames\.npy$/);
  });
});

demandPillow();

describe.skipIf(!hasPillow)(`in Python${hasPillow ? '' : ' (skipped: install python3-pil, python3-numpy)'}`, () => {
  const script = `
import io, json, sys, tarfile
import numpy as np
from PIL import Image
found = []
index = json.load(open(sys.argv[1] + '/index.json'))
for shard in index['shards']:
    tar = tarfile.open(sys.argv[1] + '/' + shard['file'])
    members = tar.getmembers()
    places = {m.name: [m.offset_data, m.size] for m in members}
    raw = open(sys.argv[1] + '/' + shard['file'], 'rb').read()
    for s in json.load(open(sys.argv[1] + '/' + shard['index']))['samples']:
        meta = json.load(tar.extractfile(s['key'] + '.json'))
        names = sorted(n for n in places if n.startswith(s['key']) and not n.endswith('.json'))
        if index['encoding'] == 'rgb':
            frames = np.load(io.BytesIO(tar.extractfile(names[0]).read()))
            isPlaced = all(raw[o:o + n] == f.tobytes() for (o, n), f in zip(s['frames'], frames))
        else:
            frames = np.stack([np.array(Image.open(tar.extractfile(n)).convert('RGB')) for n in names])
            isPlaced = [places[n] for n in names] == s['frames']
        found.append({'path': meta['path'], 'shape': list(frames.shape), 'dtype': str(frames.dtype), 'isPlaced': isPlaced,
                      'isJsonPlaced': places[s['key'] + '.json'] == s['json'], 'frames': frames.reshape(-1).tolist()})
print(json.dumps(found))`;
  const expected = [
    ['5x80x60@5/one', [5, 48, 64, 3]],
    ['12x60x80@10/two', [12, 64, 48, 3]],
    ['1x64x64@1/four', [1, 48, 48, 3]],
    ['30x33x31@30/five', [30, 31, 33, 3]],
  ];

  test.each([
    ['rgb', 0, 0],
    ['jpeg', 1.2, 12],
  ])('tarfile, NumPy and Pillow read %s frames as they were packed', (encoding, meanAllowed, mostAllowed) => {
    type Found = {
      path: string;
      shape: number[];
      dtype: string;
      isPlaced: boolean;
      isJsonPlaced: boolean;
      frames: number[];
    };
    const found = python(script, join(folder, encoding)) as Found[];
    expect(found.map(({ path, shape }) => [path, shape])).toEqual(expected);
    expect(found.map(({ dtype, isPlaced, isJsonPlaced }) => [dtype, isPlaced, isJsonPlaced])).toEqual(
      Array(4).fill(['uint8', true, true]),
    );
    // Frames that keep their size are the source's own.
    const { frames, path } = found[3] as Found;
    const source = Array.from({ length: 30 }, (_, t) => [
      ...(frame(t + path.length, 33, 31).planes[0]?.data ?? []),
    ]).flat();
    const differences = frames.map((value, i) => Math.abs(value - (source[i] ?? 0)));
    expect(differences.reduce((sum, one) => sum + one, 0) / differences.length).toBeLessThanOrEqual(meanAllowed);
    expect(Math.max(...differences)).toBeLessThanOrEqual(mostAllowed);
  });

  test("frames are reduced as Pillow's antialiased bilinear resize does, to one grey level", () => {
    const resize = `
import json, sys
from PIL import Image
data, w, h, ow, oh = json.loads(sys.argv[1])
image = Image.frombytes('RGB', (w, h), bytes(data)).resize((ow, oh), Image.BILINEAR)
print(json.dumps(list(image.tobytes())))`;
    const source = [...(frame('5x80x60@5/one'.length, 80, 60).planes[0]?.data ?? [])];
    const wanted = python(resize, JSON.stringify([source, 80, 60, 64, 48])) as number[];
    const [first] = python(script, join(folder, 'rgb')) as { frames: number[] }[];
    const differences = wanted.map((value, i) => Math.abs(value - (first?.frames[i] ?? 0)));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
  });
});

describe('going on', () => {
  const rgb = { ...base, encoding: 'rgb' as const, shardBytes: 40_000 };
  let whole: string;
  beforeAll(async () => {
    whole = join(folder, 'whole');
    await pack({ ...rgb, output: whole });
  });

  /** Packs until one shard is complete. */
  async function begin(name: string, options: Partial<PackShardsOptions> = {}): Promise<string> {
    const output = join(folder, name);
    const controller = new AbortController();
    const onEvent = ({ type }: PackEvent) => type === 'shard' && controller.abort(new Error('enough'));
    const begun = pack({ ...rgb, ...options, output, signal: controller.signal, onEvent });
    await expect(begun).rejects.toThrow('enough');
    return output;
  }

  test('keeps complete shards and ends in the same bytes', async () => {
    const output = await begin('again');
    const [shard] = (await readdir(output)).filter((name) => name.endsWith('.tar'));
    const { ino } = await stat(join(output, shard ?? ''));
    const events: PackEvent[] = [];
    await pack({ ...rgb, output, onEvent: (event) => void events.push(event) });
    expect(events[0]).toMatchObject({ type: 'check', shard: { file: shard } });
    expect(events[1]).toEqual({ type: 'resume', shards: 1, done: 1, total: 5 });
    expect((await stat(join(output, shard ?? ''))).ino).toBe(ino);
    expect(await contentOf(output)).toEqual(await contentOf(whole));
  });

  test('makes a damaged shard again', async () => {
    const output = await begin('damaged');
    const path = join(output, 'shard-000000.tar');
    const bytes = await readFile(path);
    bytes[700] = (bytes[700] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await pack({ ...rgb, output });
    expect(await contentOf(output)).toEqual(await contentOf(whole));
  });

  test('refuses other choices, another list, and a folder of something else', async () => {
    const output = await begin('other');
    await expect(pack({ ...rgb, output, shortSide: 32 })).rejects.toThrow(
      `${output}: it was begun with shortSide 48, now it is 32: pack as before, or into another folder`,
    );
    await expect(pack({ ...rgb, output, frames: 4 })).rejects.toThrow('begun with frames not given, now it is 4');
    await expect(pack({ ...rgb, output, entries: entries.slice(1) })).rejects.toThrow(
      'begun with another list of videos',
    );
    await expect(pack({ ...rgb, output, classes: ['x'] })).rejects.toThrow('begun with another list of videos');
    const full = join(folder, 'full');
    await mkdir(full);
    await writeFile(join(full, 'thesis.txt'), '');
    await expect(pack({ ...rgb, output: full })).rejects.toThrow(
      `${full}: it holds thesis.txt and no packing to go on with: choose a folder that is empty or not there yet`,
    );
  });

  test('says of a complete set that it is complete', async () => {
    const output = join(folder, 'copy');
    await cp(whole, output, { recursive: true });
    expect(await pack({ ...rgb, output })).toMatchObject({ wasComplete: true, samples: 4, broken: 1 });
    expect(await contentOf(output)).toEqual(await contentOf(whole));
  });

  test('tells in one line that there can be no such folder', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    for (const output of [file, join(file, 'below')]) {
      await expect(pack({ ...rgb, output })).rejects.toThrow(
        `${output}: it cannot be written, a part of its path is no folder: choose another`,
      );
    }
    if (process.platform === 'linux') await expect(pack({ ...rgb, output: '/proc/no/no' })).rejects.toThrow(/ENOENT$/);
    await expect(pack({ ...rgb, output: join(folder, 'a/b/c') })).resolves.toMatchObject({ samples: 4 });
  });

  test('tells in one line that the folder vanished', async () => {
    const output = join(folder, 'vanishing');
    const onEvent = ({ type }: PackEvent) => type === 'progress' && void rm(output, { recursive: true, force: true });
    await expect(pack({ ...rgb, output, onEvent }, { ...diskFiles, rename: slowly(diskFiles.rename) })).rejects.toThrow(
      /^\S+vanishing: it cannot be written, the folder vanished: bring it back, then pack again to go on.*ENOENT$/,
    );
  });
});

/** Gives a removal time to happen. */
const slowly =
  (rename: typeof diskFiles.rename): typeof diskFiles.rename =>
  async (from, to) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    await rename(from, to);
  };

describe('broken videos', () => {
  const many = (bad: number, good: number) => [
    ...Array.from({ length: good }, (_, i) => ({ path: `1x8x8@1/${i}` })),
    ...Array.from({ length: bad }, (_, i) => ({ path: `bad/${i}` })),
  ];
  const small = { encoding: 'rgb' as const };

  test('may be a hundredth, and one', async () => {
    const one = await pack({ ...small, entries: many(1, 1), output: join(folder, 'one') });
    expect(one).toMatchObject({ samples: 1, broken: 1 });
    await expect(pack({ ...small, entries: many(2, 100), output: join(folder, 'two') })).rejects.toMatchObject({
      name: 'UnreadableSamplesError',
      message: expect.stringMatching(
        /^2 of the first 102 videos \(of 102\) cannot be packed, .*the last: "bad\/1" is no video/,
      ),
    });
    const output = join(folder, 'none');
    await expect(pack({ ...small, entries: many(1, 9), output, maxBrokenShare: 0 })).rejects.toThrow(
      /^1 of the first 10/,
    );
  });

  test('alone make no set', async () => {
    const output = join(folder, 'nothing');
    await expect(pack({ ...small, entries: many(1, 0), output })).rejects.toThrow(
      'no video can be packed; the first: "bad/0"',
    );
    expect(await readdir(output)).not.toContain('index.json');
  });
});

test('what cannot be is refused before anything is written', async () => {
  const output = join(folder, 'refused');
  const refused = (options: Partial<PackShardsOptions>) =>
    expect(pack({ ...base, output, ...options }).catch((error: Error) => error.message)).resolves;
  await refused({ shortSide: 0 }).toBe('shortSide must be a whole number at least 1, got 0');
  await refused({ quality: 40 }).toBe('quality must be a whole number from 1 to 31, got 40');
  await refused({ fps: -1 }).toBe('fps must be above 0, got -1');
  await refused({ name: '../x' }).toMatch(/^name must be of at most 60 letters/);
  await refused({ entries: [] }).toBe('there is no video to pack');
  await refused({ maxBrokenShare: 2 }).toBe('maxBrokenShare must be from 0 to 1, got 2');
  expect(await readdir(folder)).not.toContain('refused');
});
