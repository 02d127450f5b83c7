import fc from 'fast-check';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DataError, ManifestError, parseLabeledList, readLabeledVideos } from '../src/index.node.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

const labels = (text: string, classes?: readonly string[]) =>
  parseLabeledList(text, { file: 'list.csv', ...(classes === undefined ? {} : { classes }) });

test('names are numbered in the order of their code units, whatever the order of the rows', () => {
  const { entries, classes } = labels('path,label\nb.mp4,zebra\na.mp4,Ape\n"c,1.mp4","cat, ""tabby"""\nd.mp4, zebra\n');
  expect(classes).toEqual(['Ape', 'cat, "tabby"', 'zebra']);
  expect(entries).toEqual([
    { path: 'b.mp4', label: 2 },
    { path: 'a.mp4', label: 0 },
    { path: 'c,1.mp4', label: 1 },
    { path: 'd.mp4', label: 2 },
  ]);
});

test("reads the reference's lists of a path and a number, and keeps the numbers", () => {
  const list = parseLabeledList('my clips/a 1.mp4 3\r\nb.webm 0\n', { prefix: 'k400' });
  expect(list.entries).toEqual([
    { path: 'k400/my clips/a 1.mp4', label: 3 },
    { path: 'k400/b.webm', label: 0 },
  ]);
  expect(list.classes).toEqual(['0', '1', '2', '3']);
  expect(parseLabeledList('a b.mp4,5', { separator: ',' }).entries).toEqual([{ path: 'a b.mp4', label: 5 }]);
  expect(parseLabeledList('a,b.mp4 5', { separator: ' ' }).entries).toEqual([{ path: 'a,b.mp4', label: 5 }]);
});

test('reads JSON lines with numbers or names', () => {
  const text = '{"path":"a.mp4","label":"run","fps":30}\n\n{"path":"b.mp4","label":"jump"}';
  expect(labels(text)).toEqual({
    entries: [
      { path: 'a.mp4', label: 1 },
      { path: 'b.mp4', label: 0 },
    ],
    classes: ['jump', 'run'],
  });
  expect(labels('{"path":"a.mp4","label":2}').classes).toEqual(['0', '1', '2']);
});

test('rows with several labels make the whole list multi-label', () => {
  const csv = labels('path,labels\na.mp4,dog,cat\nb.mp4,cat,\nc.mp4,cat,cat');
  expect(csv.entries.map((entry) => entry.labels)).toEqual([[1, 0], [0], [0]]);
  expect(csv.entries.every((entry) => entry.label === undefined)).toBe(true);
  const json = labels('{"path":"a.mp4","labels":[0,2]}\n{"path":"b.mp4","labels":[]}\n{"path":"c.mp4","label":1}');
  expect(json.entries.map((entry) => entry.labels)).toEqual([[0, 2], [], [1]]);
});

test('the classes of the training list number those of another list', () => {
  const classes = ['walk', 'run', '7'];
  expect(labels('a.mp4,run\nb.mp4,7\nc.mp4,0', classes).entries.map(({ label }) => label)).toEqual([1, 2, 0]);
  expect(labels('a.mp4,run', classes).classes).toBe(classes);
});

test.each([
  ['a.mp4,dog\nb.mp4,cta', ['cat', 'dog'], 'list.csv:2: "cta" is no class: did you mean "cat"?'],
  ['a.mp4,elephant', ['cat', 'dog'], 'list.csv:1: "elephant" is no class: there are 2: cat, dog'],
  ['a.mp4,2', ['cat', 'dog'], 'list.csv:1: there is no class 2: 2 classes have numbers from 0'],
  [
    'a.mp4,1\nb.mp4,1O\nc.mp4,3',
    undefined,
    'list.csv:2: the label "1O" is a name, others are not (1 names, 2 numbers)',
  ],
  ['a.mp4,1\nb.mp4', undefined, 'list.csv:2: expected path,label, got "b.mp4" without a label'],
  ['a.mp4 1\nb.mp4', undefined, 'list.csv:2: expected path label, got "b.mp4" without a label'],
  ['a.mp4,1\n,2', undefined, 'list.csv:2: expected path,label, got "" without a path'],
  ['"a.mp4,1\nb.mp4,2', undefined, 'list.csv:1: a quote is not closed, or text follows it'],
  ['"a".mp4,1', undefined, 'list.csv:1: a quote is not closed, or text follows it'],
  ['a.mp4,99999999', undefined, 'list.csv:1: the class number 99999999 is too large: at most 999999'],
  ['{"path":"a.mp4"', undefined, 'list.csv:1: not JSON: '],
  ['{"path":"a.mp4","label":1}\n5', undefined, 'list.csv:2: expected an object with a path, got 5'],
  ['{"path":"a.mp4"}', undefined, 'list.csv:1: there is no label ("label", "labels" or "class")'],
  ['{"path":"a.mp4","label":-1}', undefined, 'whole number from 0, got -1'],
  ['{"path":"a.mp4","label":1,"labels":[1]}', undefined, '"labels" must be a list in place of "label", got [1]'],
  ['path,label\n', undefined, 'list.csv: the list names no video'],
] as const)('says what is wrong with %j', (text, classes, message) => {
  expect(() => labels(text, classes)).toThrow(ManifestError);
  expect(() => labels(text, classes)).toThrow(message);
});

test('a list that was written as CSV or JSON lines is read back, whatever the paths and names', () => {
  const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.trim() !== '');
  const name = word.map((text) => `n${text}`);
  const rows = fc.array(fc.record({ path: word, label: name }), { minLength: 1 });
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(rows, (list) => {
      const classes = [...new Set(list.map(({ label }) => label))].sort((a, b) => (a < b ? -1 : 1));
      const expected = {
        classes,
        entries: list.map(({ path, label }) => ({ path, label: classes.indexOf(label) })),
      };
      const csv = list.map(({ path, label }) => `${quoted(path)},${quoted(label)}`).join('\r\n');
      expect(parseLabeledList(csv, { separator: ',' })).toEqual(expected);
      expect(parseLabeledList(list.map((row) => JSON.stringify(row)).join('\n'))).toEqual(expected);
    }),
  );
});

test('any text is read or refused with a line of this list', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '1', ',', '"', '\n', '\r', ' ', '{', '}', ':') }), (text) => {
      try {
        expect(labels(text).entries.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(ManifestError);
        expect(String(error)).toContain('list.csv');
      }
    }),
    { numRuns: 1000 },
  );
});

test('a folder for each class gives its name to the videos anywhere below', async () => {
  await write({ 'set/dog/b.mp4': '', 'set/cat/x/a.mp4': '', 'set/cat/notes.txt': '', 'set/Zoo/c.webm': '' });
  const { entries, classes } = await readLabeledVideos(join(folder, 'set'));
  expect(classes).toEqual(['Zoo', 'cat', 'dog']);
  expect(entries).toEqual([
    { path: join(folder, 'set/Zoo/c.webm'), label: 0 },
    { path: join(folder, 'set/cat/x/a.mp4'), label: 1 },
    { path: join(folder, 'set/dog/b.mp4'), label: 2 },
  ]);
  await expect(readLabeledVideos(join(folder, 'set'), { classes: ['cat', 'dog', 'Zoos'] })).rejects.toThrow(
    `${join(folder, 'set')}: "Zoo" is no class: did you mean "Zoos"?`,
  );
  await write({ 'loose/dog/b.mp4': '', 'loose/a.mp4': '' });
  await expect(readLabeledVideos(join(folder, 'loose'))).rejects.toThrow(
    `${join(folder, 'loose/a.mp4')}: it lies beside the folders of the classes`,
  );
});

test('a folder of lists or of folders is read by its split', async () => {
  await write({ 'k400/train.csv': 'a.mp4 1\nb.mp4 0', 'k400/val.csv': 'c.mp4 1' });
  const lists = join(folder, 'k400');
  expect((await readLabeledVideos(lists, { split: 'train', prefix: 'v' })).entries).toEqual([
    { path: 'v/a.mp4', label: 1 },
    { path: 'v/b.mp4', label: 0 },
  ]);
  expect((await readLabeledVideos(join(lists, 'val.csv'))).entries).toHaveLength(1);
  await expect(readLabeledVideos(lists)).rejects.toThrow('it holds train.csv: say which split is wanted');
  await expect(readLabeledVideos(lists, { split: 'test' })).rejects.toThrow(
    'there is neither a list test.csv nor a folder test in it',
  );
  await write({ 'sprites/test/up/a.mp4': '', 'sprites/train/up/b.mp4': '' });
  const { entries } = await readLabeledVideos(join(folder, 'sprites'), { split: 'test' });
  expect(entries).toEqual([{ path: join(folder, 'sprites/test/up/a.mp4'), label: 0 }]);
});

test('says when there is nothing to read', async () => {
  await expect(readLabeledVideos(join(folder, 'none'))).rejects.toThrow('none: there is no such file or folder');
  await mkdir(join(folder, 'empty'));
  await expect(readLabeledVideos(join(folder, 'empty'))).rejects.toThrow(DataError);
});
