import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VideoError } from '@umt/video';
import {
  createVideoClipLoader,
  DataError,
  quarantineFile,
  UnreadableSamplesError,
  VideoClipDataset,
  type ClipRequest,
  type VideoClipDatasetOptions,
} from '../src/index.node.ts';
import { repeatVideos, type VideoList } from '../src/video-list.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-'));
});
afterAll(() => rm(folder, { recursive: true }));

const clip = { frames: 1, size: 2 };
const place = (name: string) => join(folder, `${name}.jsonl`);
const linesIn = async (path: string) => (await readFile(path, 'utf8')).trimEnd().split('\n');

/** `good` readable videos after `bad` others. */
const mixed = (bad: number, good: number) => [
  ...Array.from({ length: bad }, (_, i) => ({ path: `bad${i}` })),
  ...Array.from({ length: good }, (_, i) => ({ path: `good${i}` })),
];

/** A data set without decoding, and the videos that were tried. */
function datasetOf(entries: VideoClipDatasetOptions['entries'], options: Partial<VideoClipDatasetOptions> = {}) {
  const tried: string[] = [];
  const load = async ({ entry: { path } }: ClipRequest) => {
    tried.push(path);
    await Promise.resolve();
    if (path.startsWith('bad')) throw new VideoError('undecodable', `${path}: frame 3 is damaged`);
    return new Float32Array(12);
  };
  return { tried, videos: new VideoClipDataset({ entries, seed: 4, clip, load, ...options }) };
}

const pathsOf = async (videos: VideoClipDataset, epoch = 0) => {
  const samples = await Promise.all(Array.from({ length: videos.length }, (_, i) => videos.sample(i, epoch)));
  return samples.map(({ path }) => path);
};

test('each bad video is listed once with its cause, tried once, and not tried again by the next start', async () => {
  const path = place('once');
  const entries = [...mixed(3, 20), ...mixed(3, 0)];
  const options = { maxUnreadableShare: 0.2 };
  const first = datasetOf(entries, { ...options, quarantine: quarantineFile(path) });
  const taken = await pathsOf(first.videos);
  await pathsOf(first.videos, 1);
  const lines = (await linesIn(path)).map((line): unknown => JSON.parse(line));
  expect(lines).toHaveLength(3);
  expect(lines).toContainEqual({ path: 'bad1', kind: 'undecodable', message: 'bad1: frame 3 is damaged' });

  const second = datasetOf(entries, { ...options, quarantine: quarantineFile(path) });
  expect(second.videos.unreadable).toHaveLength(3);
  expect(await pathsOf(second.videos)).toEqual(taken);
  expect(second.tried.filter((one) => one.startsWith('bad'))).toEqual([]);
  expect(await pathsOf(datasetOf(entries, options).videos)).toEqual(taken);
  expect(await linesIn(path)).toHaveLength(3);
});

test.each([
  [2, 198, 0.01, 2],
  [3, 297, 0.01, 3],
  [1, 3, 0.01, 1],
  [9, 11, 0.5, 9],
])('%i bad of %i more videos are within a share of %d', async (bad, good, maxUnreadableShare, listed) => {
  const { videos } = datasetOf(mixed(bad, good), { maxUnreadableShare, maxAttempts: 100 });
  await pathsOf(videos);
  expect(videos.unreadable).toHaveLength(listed);
});

test('more bad videos than the share allows end the run with one line: share, count, file and what to do', async () => {
  const path = place('share');
  const { videos } = datasetOf(mixed(4, 196), { quarantine: quarantineFile(path) });
  const failing = pathsOf(videos);
  await expect(failing).rejects.toThrow(UnreadableSamplesError);
  await expect(failing).rejects.toThrow(
    `3 of 200 videos (1.5 %) could not be read, more than the 1 % of maxUnreadableShare; all are in ${path}: mend or ` +
      'remove them and delete that list, or allow more; the last: bad2: frame 3 is damaged',
  );
  const { length } = await linesIn(path);
  const again = () => datasetOf(mixed(4, 196), { quarantine: quarantineFile(path) });
  expect(again).toThrow(UnreadableSamplesError);
  expect(again).toThrow(`${length} of 200 videos`);
  // Mended, and the list deleted: the run goes on.
  await rm(path);
  expect(await pathsOf(datasetOf(mixed(0, 200), { quarantine: quarantineFile(path) }).videos)).toHaveLength(200);
});

test('a share of 0 allows none, and the first bad video ends the run', async () => {
  const { videos } = datasetOf(mixed(1, 99), { maxUnreadableShare: 0 });
  await expect(videos.sample(0, 0)).rejects.toThrow('1 of 100 videos (1 %) could not be read, more than the 0 %');
  expect((await videos.sample(5, 0)).path).toBe('good4');
});

test('repeats of a video are one video, in lists and in shards', async () => {
  const listed = repeatVideos(mixed(3, 97), 4);
  await expect(pathsOf(datasetOf(listed).videos)).rejects.toThrow('2 of 100 videos (2 %)');
  const entries = mixed(3, 97);
  const shards: VideoList = {
    length: 100,
    entryAt: async (index) => entries[index] ?? { path: '' },
    nameAt: (index) => `set#${index}`,
  };
  const failing = pathsOf(datasetOf(repeatVideos(shards, 4)).videos);
  await expect(failing).rejects.toThrow('2 of 100 videos (2 %)');
});

test('processes that share a file list each video once and know what the others found', async () => {
  const path = place('ranks');
  const entries = mixed(6, 94);
  const ranks = [0, 1, 2].map(() =>
    datasetOf(entries, { quarantine: quarantineFile(path), maxUnreadableShare: 0.06, maxAttempts: 100 }),
  );
  // Every process meets every bad video, in orders of their own.
  await Promise.all(
    ranks.map(async ({ videos }, rank) => {
      for (let i = 0; i < 6; i++) await videos.sample((i * (rank + 1) + rank) % 6, 0);
    }),
  );
  const listed = (await linesIn(path)).map((line) => (JSON.parse(line) as { path: string }).path);
  expect(listed.sort()).toEqual(['bad0', 'bad1', 'bad2', 'bad3', 'bad4', 'bad5']);
  const share = { quarantine: quarantineFile(path), maxUnreadableShare: 0.05 };
  expect(() => datasetOf(entries, share)).toThrow('6 of 100 videos (6 %)');
});

test('the share counts what all processes found together', async () => {
  const path = place('together');
  const entries = mixed(4, 96);
  const [one, two] = [0, 1].map(() =>
    datasetOf(entries, { quarantine: quarantineFile(path), maxUnreadableShare: 0.02 }),
  );
  await one?.videos.sample(0, 0);
  await two?.videos.sample(1, 0);
  await expect(one?.videos.sample(2, 0)).rejects.toThrow('3 of 100 videos (3 %)');
});

test('what a killed process left of a line is passed over, and the next line is whole', async () => {
  const path = place('torn');
  const bad = (name: string) => ({ path: name, kind: 'not-video', message: `${name} is none` });
  await writeFile(path, `${JSON.stringify(bad('bad0'))}\n{"path":"bad1","ki`);
  const file = quarantineFile(path);
  expect(file.load()).toEqual([bad('bad0')]);
  file.add(bad('bad2'));
  expect(file.load()).toEqual([bad('bad0'), bad('bad2')]);
  await appendFile(path, `${JSON.stringify(bad('bad3'))}\n`);
  expect(file.load().at(-1)).toEqual(bad('bad3'));
  expect(quarantineFile(path).load()).toEqual([bad('bad0'), bad('bad2'), bad('bad3')]);
  await rm(path);
  expect(file.load()).toEqual([]);
});

test('processes that write at the same time lose no line and break none', async () => {
  const [path, program] = [place('at-once'), join(folder, 'list.mjs')];
  await build({
    stdin: {
      contents: `import { quarantineFile } from './quarantine-file.node.ts';
        const [path, name] = process.argv.slice(2);
        const file = quarantineFile(path);
        for (let i = 0; i < 200; i++) {
          const bad = i % 2 ? \`shared\${i}\` : \`\${name}-\${i}\`;
          if (file.load().some((one) => one.path === bad)) continue;
          file.add({ path: bad, kind: 'not-video', message: 'x'.repeat(i) });
        }`,
      resolveDir: fileURLToPath(new URL('../src', import.meta.url)),
    },
    ...{ outfile: program, bundle: true, platform: 'node', format: 'esm', logLevel: 'silent', external: ['node-av'] },
    alias: { '@umt/video': fileURLToPath(new URL('../../video/src/index.node.ts', import.meta.url)) },
  });
  const names = ['a', 'b', 'c'];
  await Promise.all(names.map((name) => promisify(execFile)(process.execPath, [program, path, name])));
  const listed = (await linesIn(path)).map((line) => (JSON.parse(line) as { path: string }).path);
  const wanted = names.flatMap((name) => Array.from({ length: 100 }, (_, i) => `${name}-${2 * i}`));
  for (let i = 1; i < 200; i += 2) wanted.push(`shared${i}`);
  expect([...new Set(listed)].sort()).toEqual(wanted.sort());
  expect(quarantineFile(path).load()).toHaveLength(400);
});

test('listed videos of another data set do not count', async () => {
  const path = place('another');
  const others = mixed(9, 0).map((one) =>
    JSON.stringify({ path: `other-${one.path}`, kind: 'not-video', message: '' }),
  );
  await writeFile(path, `${others.join('\n')}\n`);
  expect(datasetOf(mixed(1, 99), { quarantine: quarantineFile(path) }).videos.unreadable).toEqual([]);
});

test('a list that cannot be written or read ends the run and names the file', async () => {
  const nowhere = join(folder, 'none', 'quarantine.jsonl');
  const { videos } = datasetOf(mixed(1, 99), { quarantine: quarantineFile(nowhere) });
  await expect(videos.sample(0, 0)).rejects.toThrow(DataError);
  await expect(datasetOf(mixed(1, 9), { quarantine: quarantineFile(nowhere) }).videos.sample(0, 0)).rejects.toThrow(
    `${nowhere}: the list of unreadable videos cannot be written (Error: ENOENT`,
  );
  expect(() => quarantineFile(folder).load()).toThrow(`${folder}: the list of unreadable videos cannot be read`);
});

test('a loader with worker-made clips ends its iteration with the message, not the process', async () => {
  const entries = Array.from({ length: 40 }, (_, i) => ({ path: join(folder, `missing${i}.mp4`) }));
  const loader = createVideoClipLoader({
    entries,
    seed: 1,
    clip,
    batchSize: 8,
    quarantine: quarantineFile(place('end')),
  });
  await expect(loader.batches(0).next()).rejects.toThrow(/^2 of 40 videos \(5 %\) could not be read/);
  await loader.close();
  expect((await linesIn(place('end'))).length).toBeGreaterThanOrEqual(2);
});
