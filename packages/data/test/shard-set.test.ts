import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toRgb, VideoError, type Picture } from '@umt/video';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createVideoClipLoader,
  createViewLoader,
  openShardSet,
  type ShardStore,
  type UnreadableSample,
} from '@umt/data';
import { coalesce } from '../src/shards/coalesce.ts';
import { fileStore } from '../src/shards/file-store.node.ts';
import { packedFrame, writeShards } from './shard-writer.ts';

const root = mkdtempSync(join(tmpdir(), 'umt-shards-'));
const folder = (name: string) => join(root, name);
afterAll(() => rmSync(root, { recursive: true }));
beforeAll(async () => {
  await writeShards(folder('rgb'), { encoding: 'rgb', counts: [4, 3, 5] });
  await writeShards(folder('jpeg'), { encoding: 'jpeg', counts: [4, 3] });
});

async function read(place: string, sample: number, indices: readonly number[]): Promise<readonly Picture[]> {
  const set = await openShardSet(place);
  const video = await set.open(sample);
  const pictures: Picture[] = [];
  for await (const picture of video.frames(indices)) pictures.push(picture);
  return pictures;
}

/** Counts what a store is asked for. */
async function counted(place: string) {
  const store = fileStore(place);
  const reads: { file: string; offset: number; bytes: number }[] = [];
  const texts: string[] = [];
  const counting: ShardStore = {
    name: store.name,
    read(file, offset, bytes) {
      reads.push({ file, offset, bytes });
      return store.read(file, offset, bytes);
    },
    readText(file) {
      texts.push(file);
      return store.readText(file);
    },
  };
  return { set: await openShardSet(counting), reads, texts };
}

async function frameBytes(set: Awaited<ReturnType<typeof openShardSet>>, sample: number, indices: readonly number[]) {
  for await (const picture of (await set.open(sample)).frames(indices)) void picture;
}

describe('samples', () => {
  test('what was known of each video comes with it, in the order of the set', async () => {
    const set = await openShardSet(folder('rgb'));
    expect([set.length, set.groups, set.index.classes]).toEqual([12, [4, 3, 5], ['ape', 'bee', 'cat']]);
    for (let i = 0; i < set.length; i++) {
      expect(await set.entryAt(i)).toEqual({
        path: `video-${i}.mp4`,
        label: i % 3,
        captions: [`caption ${i}`],
        shard: { set: folder('rgb'), sample: i },
      });
    }
    await expect(set.entryAt(12)).rejects.toThrow('index must be a whole number from 0 to 11, got 12');
  });

  test('frames of an array are its bytes, in the order asked, one asked twice given twice', async () => {
    const asked = [5, 0, 0, 3];
    const pictures = await read(folder('rgb'), 8, asked);
    expect(pictures.map(({ format }) => format)).toEqual(asked.map(() => 'RGB'));
    for (const [i, picture] of pictures.entries()) {
      expect(toRgb(picture).data).toEqual(packedFrame(8, asked[i] ?? 0, 40, 30));
    }
  });

  test('frames of JPEG files are near what was packed, in full range', async () => {
    const asked = [4, 1, 4];
    for (const [i, picture] of (await read(folder('jpeg'), 5, asked)).entries()) {
      expect(picture.colorSpace).toEqual({ matrix: 'bt601', fullRange: true });
      const rgb = toRgb(picture).data;
      const packed = packedFrame(5, asked[i] ?? 0, 40, 30);
      const error = rgb.reduce((sum, value, k) => sum + Math.abs(value - (packed[k] ?? 0)), 0) / rgb.length;
      expect(error).toBeLessThan(2);
    }
  });

  test('tar lists the files of the sets that these tests read', () => {
    const tar = join(folder('rgb'), 'small-000001.tar');
    const names = execFileSync('tar', ['tf', tar], { encoding: 'utf8' }).trim().split('\n');
    expect(names).toEqual(['000004', '000005', '000006'].flatMap((key) => [`${key}.json`, `${key}.frames.npy`]));
  });

  test('a frame that is not there is refused', async () => {
    await expect(read(folder('rgb'), 0, [6])).rejects.toMatchObject({ kind: 'bad-argument' });
  });
});

describe('reading', () => {
  test('a sample is read in one piece, checked once, and the side file read once', async () => {
    const { set, reads, texts } = await counted(folder('jpeg'));
    await frameBytes(set, 0, [0, 2, 5]);
    await frameBytes(set, 1, [3, 4]);
    await frameBytes(set, 0, [2, 3]);
    expect(texts).toEqual(['index.json', 'small-000000.index.json']);
    expect(reads).toHaveLength(3);
    const [first, , again] = reads;
    expect(again?.bytes).toBeLessThan((first?.bytes ?? 0) / 2);
  });

  test('neighbouring ranges become one read, distant ones do not, none is longer than 8 MiB', () => {
    const kib = 1024;
    expect(
      coalesce([
        [200 * kib, 10],
        [0, 100],
        [100, 50],
        [50 * kib, kib],
      ]),
    ).toEqual([
      { offset: 0, bytes: 51 * kib, members: [1, 2, 3] },
      { offset: 200 * kib, bytes: 10, members: [0] },
    ]);
    const frames = Array.from({ length: 20 }, (_, i) => [i * 1024 * kib, 1024 * kib] as const);
    expect(coalesce(frames).map(({ bytes }) => bytes / kib / kib)).toEqual([8, 8, 4]);
    expect(coalesce([[5, 20e6]])).toEqual([{ offset: 5, bytes: 20e6, members: [0] }]);
  });

  test('after close samples are refused', async () => {
    const set = await openShardSet(folder('rgb'));
    await set.close();
    await expect(set.open(0)).rejects.toMatchObject({ kind: 'closed' });
  });
});

describe('what is broken', () => {
  const copy = async (name: string, encoding: 'rgb' | 'jpeg' = 'rgb') => {
    await writeShards(folder(name), { encoding, counts: [2, 2] });
    return folder(name);
  };
  const damage = (file: string, at: number) => {
    const bytes = readFileSync(file);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  };

  test.each(['rgb', 'jpeg'] as const)('one flipped bit of a frame breaks its sample alone (%s)', async (encoding) => {
    const place = await copy(`flipped-${encoding}`, encoding);
    const side = JSON.parse(readFileSync(join(place, 'small-000000.index.json'), 'utf8')) as {
      readonly samples: readonly { readonly frames: readonly (readonly [number, number])[] }[];
    };
    const [offset = 0, bytes = 0] = side.samples[1]?.frames[2] ?? [];
    damage(join(place, 'small-000000.tar'), offset + (bytes >> 1));
    await read(place, 0, [0, 1, 2]);
    const broken = read(place, 1, [0, 4]);
    await expect(broken).rejects.toMatchObject({ kind: 'undecodable' });
    await expect(broken).rejects.toThrow(/small-000000\.tar: 000001 is damaged: its checksum is [0-9a-f]{8}, not/);
  });

  test('a shard that was cut off, and one that is missing, break their samples', async () => {
    const place = await copy('cut');
    truncateSync(join(place, 'small-000000.tar'), 30_000);
    rmSync(join(place, 'small-000001.tar'));
    await read(place, 0, [0, 1]);
    await expect(read(place, 1, [0, 1])).rejects.toThrow('ends at byte 30000, before byte');
    await expect(read(place, 2, [0])).rejects.toMatchObject({ kind: 'not-found' });
    await expect((await openShardSet(place)).entryAt(3)).rejects.toThrow('small-000001.tar does not exist');
  });

  test('a damaged side file and a missing one break the samples of their shards', async () => {
    const place = await copy('side');
    damage(join(place, 'small-000000.index.json'), 40);
    rmSync(join(place, 'small-000001.index.json'));
    await expect(read(place, 0, [0])).rejects.toThrow(/small-000000\.index\.json is damaged: its checksum is/);
    await expect(read(place, 2, [0])).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('a folder without an index is no shard set', async () => {
    const place = await copy('no-index');
    rmSync(join(place, 'index.json'));
    await expect(openShardSet(place)).rejects.toThrow(`${place}: no complete shard set is here, it has no index.json`);
  });

  test('training goes on: bad samples give way to others and are told with their cause', async () => {
    const place = await copy('training');
    rmSync(join(place, 'small-000001.tar'));
    const told: UnreadableSample[] = [];
    const loader = createVideoClipLoader({
      entries: await openShardSet(place),
      seed: 1,
      clip: { frames: 2, size: 16 },
      batchSize: 4,
      maxUnreadableShare: 0.5,
      onUnreadable: (sample) => told.push(sample),
    });
    for await (const batch of loader.batches(0)) {
      expect(batch.paths.every((path) => ['video-0.mp4', 'video-1.mp4'].includes(path))).toBe(true);
      expect(batch.labels).toEqual(batch.paths.map((path) => Number(path[6])));
    }
    await loader.close();
    expect(new Set(told.map(({ path }) => path))).toEqual(new Set([`${place}#2`, `${place}#3`]));
    expect(told.every(({ cause }) => cause instanceof VideoError && cause.kind === 'not-found')).toBe(true);
  });
});

test('clips from an array of frames equal those of the frames themselves; views come in the order of the set', async () => {
  const entries = await openShardSet(folder('rgb'));
  const loader = createViewLoader({ entries, clip: { kind: 'views', frames: 3, size: 20 }, batchSize: 5 });
  const paths: string[] = [];
  const labels: (number | undefined)[] = [];
  for await (const { places } of loader.batches()) {
    paths.push(...places.map(({ path }) => path));
    labels.push(...places.map(({ label }) => label));
  }
  await loader.close();
  expect(paths).toEqual(Array.from({ length: 12 }, (_, i) => `video-${i}.mp4`));
  expect(labels).toEqual(Array.from({ length: 12 }, (_, i) => i % 3));
});

test('an epoch shows every sample once, shard by shard within its window', async () => {
  const loader = createVideoClipLoader({
    entries: await openShardSet(folder('rgb')),
    seed: 3,
    clip: { frames: 2, size: 16 },
    batchSize: 1,
    shuffleWindow: 1,
  });
  const shards: number[] = [];
  const seen: string[] = [];
  for await (const { paths } of loader.batches(0)) {
    const sample = Number(/\d+/.exec(paths[0] ?? '')?.[0]);
    shards.push(sample < 4 ? 0 : sample < 7 ? 1 : 2);
    seen.push(...paths);
  }
  await loader.close();
  expect(new Set(seen).size).toBe(12);
  expect(shards.filter((shard, i) => shard !== shards[i - 1])).toHaveLength(3);
});
