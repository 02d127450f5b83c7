import fc from 'fast-check';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DataError, listVideos, ManifestError, parseManifest, readManifest } from '../src/index.node.ts';
import { listVideos as listInBrowser } from '../src/list-videos.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('reads a path and a label from each line, adds .mp4 and the prefix', () => {
  const text = 'a/clip_1 3\r\nb.v2/clip 0\n\nclip.webm -1\n/abs/x.mkv 7\nhttps://host/y.mp4 8\n';
  expect(parseManifest(text, { prefix: 'data/k710' }).entries).toEqual([
    { path: 'data/k710/a/clip_1.mp4', label: 3 },
    { path: 'data/k710/b.v2/clip.mp4', label: 0 },
    { path: 'data/k710/clip.webm', label: -1 },
    { path: '/abs/x.mkv', label: 7 },
    { path: 'https://host/y.mp4', label: 8 },
  ]);
});

test('the last separator of a line counts, so that paths may contain it', () => {
  expect(parseManifest('my clip 1.mp4 5').entries).toEqual([{ path: 'my clip 1.mp4', label: 5 }]);
  expect(parseManifest('a,b.mp4,5', { separator: ',' }).entries).toEqual([{ path: 'a,b.mp4', label: 5 }]);
  expect(parseManifest('\uFEFFa b.mp4, 5', { separator: ',' }).entries).toEqual([{ path: 'a b.mp4', label: 5 }]);
});

test.each([
  ['a.mp4 1\nb.mp4', ' ', 'list.csv:2: expected path label, got "b.mp4"'],
  ['a.mp4,1', ' ', 'list.csv:1: expected path label, got "a.mp4,1" (is the separator ","?)'],
  ['a.mp4 1', ',', 'list.csv:1: expected path,label, got "a.mp4 1" (is the separator " "?)'],
  ['a.mp4 1\n\n\nb.mp4 dog', ' ', 'list.csv:4: the label "dog" in "b.mp4 dog" is not a whole number'],
  ['a.mp4 1.5', ' ', 'list.csv:1: the label "1.5"'],
  ['a.mp4,', ',', 'list.csv:1: the label "" in "a.mp4,"'],
  [',5', ',', 'list.csv:1: expected path,label, got ",5": the path is empty'],
  ['\n \n', ' ', 'list.csv: the list names no video'],
] as const)('says which line of %j is wrong and why', (text, separator, message) => {
  const parse = () => parseManifest(text, { separator, file: 'list.csv' });
  expect(parse).toThrow(ManifestError);
  expect(parse).toThrow(message);
});

test('a list that was written is read back, whatever the paths', () => {
  const path = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .map((text) => `${text.replace(/[\r\n\uFEFF]/g, '_').trim()}x.mp4`);
  const entries = fc.array(fc.record({ path, label: fc.integer() }), { minLength: 1 });
  fc.assert(
    fc.property(entries, fc.constantFrom(' ' as const, ',' as const), (list, separator) => {
      const text = list.map((entry) => `${entry.path}${separator}${entry.label}`).join('\n');
      expect(parseManifest(text, { separator }).entries).toEqual(list);
    }),
  );
});

test('reads a list from a path and from a file: address, and says when there is none', async () => {
  const path = join(folder, 'train.csv');
  await writeFile(path, 'a 1\nb 2\n');
  expect((await readManifest(path)).entries).toHaveLength(2);
  const { entries } = await readManifest(pathToFileURL(path).href, { prefix: 'p' });
  expect(entries).toContainEqual({ path: 'p/b.mp4', label: 2 });
  await expect(readManifest(join(folder, 'none.csv'))).rejects.toThrow('none.csv: there is no such file or folder');
  await writeFile(path, 'a 1\nb two\n');
  await expect(readManifest(path)).rejects.toThrow(`${path}:2: the label "two"`);
});

test('lists the videos below a folder in one order, hidden files and other files left out', async () => {
  const root = join(folder, 'videos');
  await mkdir(join(root, 'b', 'deep'), { recursive: true });
  await mkdir(join(root, '.cache'));
  for (const name of [
    'b/2.mp4',
    'b/10.MOV',
    'a.webm',
    'b/deep/x.avi',
    'notes.txt',
    '.hidden.mp4',
    '.cache/y.mp4',
    'B.mkv',
  ]) {
    await writeFile(join(root, name), '');
  }
  await symlink(join(root, 'a.webm'), join(root, 'link.webm'));
  await symlink(root, join(root, 'loop.mp4'));
  const names = (await listVideos(root)).map(({ path }) => path.slice(root.length + 1));
  expect(names).toEqual(['B.mkv', 'a.webm', 'b/10.MOV', 'b/2.mp4', 'b/deep/x.avi', 'link.webm']);
  expect(await listVideos(root, { extensions: ['.webm'] })).toHaveLength(2);
});

test('says when a folder is missing, is none, or holds no video', async () => {
  await expect(listVideos(join(folder, 'none'))).rejects.toThrow('none: there is no such file or folder');
  await writeFile(join(folder, 'file'), '');
  await expect(listVideos(join(folder, 'file'))).rejects.toThrow('file: not a folder');
  await mkdir(join(folder, 'empty'));
  await expect(listVideos(join(folder, 'empty'))).rejects.toThrow('empty: no video among its 0 files');
  await expect(listInBrowser('clips')).rejects.toThrow(DataError);
});
