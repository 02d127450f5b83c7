import fc from 'fast-check';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DataError, ManifestError, parseManifest, readLabeledVideos, readManifest } from '../src/index.node.ts';
import { readLabeledVideos as readLabeledInBrowser, readManifest as readInBrowser } from '../src/read-manifest.ts';

const FIXTURES = fileURLToPath(new URL('./fixtures/manifests/', import.meta.url));
const fixture = (name: string) => join(FIXTURES, `${name}.parquet`);

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

const entriesOf = (text: string, options = {}) => parseManifest(text, options).entries;

test('reads the forms of annotation files: captions, several captions, questions, choices, several videos', () => {
  const retrieval = [
    { video: 'a.mp4', caption: 'a dog runs' },
    { video: 'b.mp4', caption: ['a cat', 'it sleeps'] },
    { image: 'c.jpg', caption: 'a tree', id: 7 },
  ];
  expect(entriesOf(JSON.stringify(retrieval), { kind: 'captions', prefix: 'root' })).toEqual([
    { path: 'root/a.mp4', captions: ['a dog runs'] },
    { path: 'root/b.mp4', captions: ['a cat', 'it sleeps'] },
    { path: 'root/c.jpg', captions: ['a tree'] },
  ]);
  const answers = [
    { video: 'a.mp4', question: 'what?', answer: 'dog', question_id: 3 },
    { video: 'b.mp4', question: 'how many?', answer: 2, question_id: 'x' },
    { image: 'c.jpg', question: 'which?', answer: ['red', 'red', 'blue'] },
  ];
  expect(entriesOf(JSON.stringify(answers), { kind: 'questions' })).toEqual([
    { path: 'a.mp4', question: 'what?', answers: ['dog'] },
    { path: 'b.mp4', question: 'how many?', answers: ['2'] },
    { path: 'c.jpg', question: 'which?', answers: ['red', 'red', 'blue'] },
  ]);
  const choices = [{ video: 'a.mp4', caption: ['run', 'walk', 'sit', 'fly', 'sing'], answer: 2 }];
  expect(entriesOf(JSON.stringify(choices), { kind: 'choices' })).toEqual([
    { path: 'a.mp4', captions: ['run', 'walk', 'sit', 'fly', 'sing'], answers: ['sit'] },
  ]);
  const several = [{ video: ['1.webm', '2.webm'], caption: 'pushing something' }];
  expect(entriesOf(JSON.stringify(several))).toEqual([
    { path: '1.webm', captions: ['pushing something'] },
    { path: '2.webm', captions: ['pushing something'] },
  ]);
});

test('the same list as JSON, JSON lines and CSV with a header is one list', () => {
  const rows = [
    { path: 'a, b.mp4', label: 'run', caption: 'it "runs"', fps: 30 },
    { path: 'c.mp4', label: 'jump', caption: 'it\njumps', fps: 25 },
  ];
  const cell = (value: string | number) => (typeof value === 'number' ? value : `"${value.replaceAll('"', '""')}"`);
  const csv = ['fps,Caption,path,label', ...rows.map((one) => [one.fps, one.caption, one.path, one.label].map(cell))];
  const expected = {
    entries: [
      { path: 'a, b.mp4', label: 1, captions: ['it "runs"'] },
      { path: 'c.mp4', label: 0, captions: ['it\njumps'] },
    ],
    classes: ['jump', 'run'],
  };
  expect(parseManifest(JSON.stringify(rows))).toEqual(expected);
  expect(parseManifest(JSON.stringify(rows, null, 2))).toEqual(expected);
  expect(parseManifest(rows.map((one) => JSON.stringify(one)).join('\n'))).toEqual(expected);
  expect(parseManifest(csv.join('\n'), { separator: ',' })).toEqual(expected);
});

test('with a header, further columns are no labels; without one they are, and so are cells after a plural', async () => {
  await write({
    'header.csv': 'path,label,fps,split\na.mp4,dog,30,train\nb.mp4,cat,25,train\n',
    'pandas.csv': ',file,path,class\n0,x,a.mp4,3\n1,y,b.mp4,0\n',
    'plain.csv': 'a.mp4,dog,cat\nb.mp4,cat\n',
    'plural.csv': 'path,caption,labels\na.mp4,hi,dog,cat\nb.mp4,,cat\n',
  });
  const read = (name: string) => readLabeledVideos(join(folder, name));
  expect((await read('header.csv')).entries).toEqual([
    { path: 'a.mp4', label: 1 },
    { path: 'b.mp4', label: 0 },
  ]);
  expect((await read('pandas.csv')).entries).toEqual([
    { path: 'a.mp4', label: 3 },
    { path: 'b.mp4', label: 0 },
  ]);
  expect((await read('plain.csv')).entries.map(({ labels }) => labels)).toEqual([[1, 0], [0]]);
  expect((await read('plural.csv')).entries).toEqual([
    { path: 'a.mp4', labels: [1, 0], captions: ['hi'] },
    { path: 'b.mp4', labels: [0] },
  ]);
});

test.each(['none', 'snappy', 'gzip', 'brotli', 'zstd', 'lz4'])(
  'reads the Parquet that pyarrow writes, of several row groups, compressed with %s',
  async (codec) => {
    const { entries, classes } = await readManifest(fixture(`captions-${codec}`), { kind: 'captions', prefix: 'p' });
    expect(classes).toBeUndefined();
    expect(entries).toEqual(
      [0, 1, 2, 3, 4].map((i) => ({
        path: `p/clips/video ${i}.mp4`,
        captions: Array.from({ length: i + 1 }, (_, j) => `caption ${i}.${j}`),
      })),
    );
  },
);

test('reads dictionaries, large numbers, lists of numbers and nulls of Parquet', async () => {
  expect((await readManifest(fixture('questions'), { kind: 'questions' })).entries).toEqual([
    { path: 'a.mp4', question: 'what is it?', answers: ['cat'] },
    { path: 'b.mp4', question: 'how many?', answers: ['2'] },
    { path: 'c.mp4', question: 'who sings?', answers: ['girl'] },
  ]);
  expect((await readLabeledVideos(fixture('labels'))).entries).toEqual([
    { path: 'a.mp4', labels: [0, 2] },
    { path: 'b.mp4', labels: [] },
  ]);
  expect((await readManifest(fixture('metadata'))).entries).toEqual([
    { path: `${FIXTURES}up/1.mp4`, label: 1, captions: ['goes up'] },
    { path: `${FIXTURES}down/2.mp4`, label: 0 },
    { path: `${FIXTURES}3.mp4`, label: 1, captions: ['goes up too'] },
  ]);
});

test.each([
  [
    'no-path',
    'no-path.parquet: there is no path ("path", "video", "image" or "file_name"): is "vidoe" meant to be "video"?',
  ],
  ['not-text', 'not-text.parquet: row 1: "caption" must be a text, got 1'],
  ['metadata', 'metadata.parquet: row 2: there is no caption ("caption", "captions" or "text")'],
  ['none', 'none.parquet: there is no such file or folder'],
])('says what is wrong with the Parquet file %s', async (name, message) => {
  const reading = readManifest(fixture(name), { kind: 'captions' });
  await expect(reading).rejects.toThrow(ManifestError);
  await expect(reading).rejects.toThrow(message);
});

test('a Parquet file that is cut off, damaged anywhere or none at all is an error of one line that names it', async () => {
  const whole = new Uint8Array(await readFile(fixture('captions-zstd')));
  const path = join(folder, 'damaged.parquet');
  const outcomeOf = async (bytes: Uint8Array) => {
    await writeFile(path, bytes);
    return readManifest(path).then(
      () => 'read',
      (error: unknown) => error,
    );
  };
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, by, cut) => {
      const bytes = cut ? whole.slice(0, at) : whole.map((byte, i) => (i === at ? byte ^ by : byte));
      const outcome = await outcomeOf(bytes);
      if (outcome === 'read') return;
      expect(outcome).toBeInstanceOf(ManifestError);
      expect(String(outcome)).toMatch(/^ManifestError: .*damaged\.parquet: [^\n]+$/);
    }),
    { numRuns: 150 },
  );
  expect(String(await outcomeOf(new TextEncoder().encode('path,label\na.mp4,1')))).toContain(
    'cannot be read as Parquet',
  );
});

test('Parquet at an address is read by ranges, of a large file a small part; a server without ranges sends it whole', async () => {
  const small = await readFile(fixture('captions-snappy'));
  // Before its footer a file may hold anything that the footer does not mention.
  const footer = small.length - 8 - small.readUInt32LE(small.length - 8);
  const large = Buffer.concat([small.subarray(0, footer), Buffer.alloc(3_000_000), small.subarray(footer)]);
  let sent = 0;
  const server = await serve(({ url = '', method, headers }, response) => {
    if (!url.includes('list.parquet')) return void response.writeHead(404).end();
    const range = url.startsWith('/whole') ? null : /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
    const body = range === null ? large : large.subarray(Number(range[1]), Number(range[2]) + 1);
    response.writeHead(range === null ? 200 : 206, { 'content-length': body.length });
    if (method !== 'HEAD') sent += body.length;
    response.end(method === 'HEAD' ? undefined : body);
  });
  for (const read of [readManifest, readInBrowser]) {
    sent = 0;
    expect((await read(`${server.address}/list.parquet?key=1`)).entries).toHaveLength(5);
    expect(sent).toBeLessThan(700_000);
    expect((await read(`${server.address}/whole-list.parquet`)).entries).toHaveLength(5);
    await expect(read(`${server.address}/none.parquet`)).rejects.toThrow(
      `${server.address}/none.parquet: cannot be read as Parquet: fetch head failed 404`,
    );
  }
  await server.close();
});

test('lists at addresses and picked files are read in browsers too', async () => {
  const server = await serve((_request, response) => response.end('path,label\na.mp4,dog'));
  const expected = { entries: [{ path: 'a.mp4', label: 0 }], classes: ['dog'] };
  expect(await readInBrowser(`${server.address}/list.csv`)).toEqual(expected);
  expect(await readLabeledInBrowser(`${server.address}/list.csv`)).toEqual(expected);
  expect(await readManifest(`${server.address}/list.csv`)).toEqual(expected);
  await server.close();
  const text = new File(['{"video":"a.mp4","caption":"a"}'], 'list.jsonl');
  const parquet = new File([await readFile(fixture('labels'))], 'labels.parquet');
  for (const read of [readManifest, readInBrowser]) {
    expect((await read(text, { kind: 'captions' })).entries).toEqual([{ path: 'a.mp4', captions: ['a'] }]);
    await expect(read(text, { kind: 'questions' })).rejects.toThrow('list.jsonl:1: there is no question ("question")');
  }
  for (const read of [readLabeledVideos, readLabeledInBrowser]) expect((await read(parquet)).entries).toHaveLength(2);
});

test("Hugging Face's folders: metadata names files beside it", async () => {
  await write({
    'hf/train/metadata.jsonl': '{"file_name":"a/1.mp4","text":"up"}\n{"file_name":"2.mp4","text":"down"}',
    'hf/test/metadata.csv': 'file_name,label\n1.mp4,up\n2.mp4,down',
  });
  const train = join(folder, 'hf/train');
  expect((await readManifest(train, { kind: 'captions' })).entries).toEqual([
    { path: join(train, 'a/1.mp4'), captions: ['up'] },
    { path: join(train, '2.mp4'), captions: ['down'] },
  ]);
  expect(await readLabeledVideos(join(folder, 'hf'), { split: 'test' })).toEqual({
    entries: [
      { path: join(folder, 'hf/test/1.mp4'), label: 1 },
      { path: join(folder, 'hf/test/2.mp4'), label: 0 },
    ],
    classes: ['down', 'up'],
  });
  await cp(fixture('metadata'), join(folder, 'hf/val/metadata.parquet'), { recursive: true });
  expect((await readManifest(join(folder, 'hf/val'))).entries[0]?.path).toBe(join(folder, 'hf/val/up/1.mp4'));
  await expect(readLabeledVideos(train)).rejects.toThrow(`${join(train, 'metadata.jsonl')}:1: there is no label`);
});

test('a folder of lists is read by its split whatever their format', async () => {
  await write({
    'lists/train.jsonl': '{"path":"a.mp4","label":"x"}',
    'lists/val.json': '[{"path":"b.mp4","label":"x"}]',
  });
  const read = (split: 'train' | 'val') => readLabeledVideos(join(folder, 'lists'), { split, prefix: 'v' });
  expect((await read('train')).entries).toEqual([{ path: 'v/a.mp4', label: 0 }]);
  expect((await read('val')).entries).toEqual([{ path: 'v/b.mp4', label: 0 }]);
  await expect(readLabeledVideos(join(folder, 'lists'))).rejects.toThrow('it holds train.jsonl: say which split');
});

test('a folder without metadata gives its videos, labelled by the folders they lie in where all do', async () => {
  await write({
    'classes/up/1.mp4': '',
    'classes/down/x/2.mp4': '',
    'splits/train/1.mp4': '',
    'loose/up/1.mp4': '',
    'loose/2.mp4': '',
  });
  expect(await readManifest(join(folder, 'classes'))).toEqual({
    entries: [
      { path: join(folder, 'classes/down/x/2.mp4'), label: 0 },
      { path: join(folder, 'classes/up/1.mp4'), label: 1 },
    ],
    classes: ['down', 'up'],
  });
  expect(await readManifest(join(folder, 'splits'))).toEqual({
    entries: [{ path: join(folder, 'splits/train/1.mp4') }],
  });
  expect((await readManifest(join(folder, 'loose'))).entries).toHaveLength(2);
  const asked = readManifest(join(folder, 'classes'), { kind: 'captions' });
  await expect(asked).rejects.toThrow(DataError);
  await expect(asked).rejects.toThrow('no captions in a folder without metadata.jsonl, metadata.csv, metadata.parquet');
});

test.each([
  [
    'captions',
    '[{"video":"a.mp4","caption":"a"},{"video":"b.mp4","captoin":"b"}]',
    'list: row 2: there is no caption ("caption", "captions" or "text"): is "captoin" meant to be "caption"?',
  ],
  ['captions', '{"video":"a.mp4","caption":""}', 'list:1: there is no caption'],
  ['captions', 'video,caption\na.mp4,a\nb.mp4,\n', 'list:3: there is no caption'],
  [
    'captions',
    'a.mp4 1\nb.mp4 2',
    'list:1: a plain list has no captions: name its columns in a header, as path,caption',
  ],
  ['captions', '{"video":"a.mp4","caption":["a",5]}', 'list:1: "caption" must be a text, got 5'],
  [
    'questions',
    '{"video":"a.mp4","question":"what?","anwser":"b"}',
    'list:1: there is no answer ("answer" or "answers"): is "anwser" meant to be "answer"?',
  ],
  [
    'questions',
    '{"video":"a.mp4","question":"what?","answer":{"b":1}}',
    'list:1: "answer" must be a text, got {"b":1}',
  ],
  [
    'choices',
    '{"video":"a.mp4","caption":["a","b"],"answer":2}',
    'list:1: "answer" must be the place of one of the 2 captions, from 0, got 2',
  ],
  ['choices', '{"video":"a.mp4","caption":["a","b"],"answer":"c"}', 'list:1: the answer "c" is no caption'],
  [
    'videos',
    '[{"vidoe":"a.mp4"}]',
    'list: row 1: there is no path ("path", "video", "image" or "file_name"): is "vidoe" meant to be "video"?',
  ],
  ['videos', '[{"path":5}]', 'list: row 1: "path" must be a text, got 5'],
  ['videos', '[{"path":"a"},7]', 'list: row 2: expected an object with a path, got 7'],
  ['videos', '[{"path":"a"},\n{"path":]', 'list: not JSON: '],
  ['videos', '[]', 'list: the list names no video'],
  ['videos', '{\n"path":"a.mp4"\n}', 'list:1: not JSON: '],
  ['videos', '{\n"path":"a.mp4"\n}', '(an object over several lines: put it into an array)'],
  ['videos', 'path,label\na.mp4,1,2', 'list:2: 3 fields, but the header names 2'],
  [
    'videos',
    '[{"path":"a","label":"x"},{"path":"b","label":3}]',
    'list: row 2: the label 3 is a number, others are not',
  ],
  ['videos', '[{"path":"a","label":-1}]', 'list: row 1: a label must be a name or a whole number from 0, got -1'],
] as const)('a list of %s: says what is wrong with %s', (kind, text, message) => {
  const parse = () => parseManifest(text, { kind, file: 'list' });
  expect(parse).toThrow(ManifestError);
  expect(parse).toThrow(message);
});

test('a .json or .jsonl file that is no JSON is told so', () => {
  expect(() => parseManifest('a.mp4 1', { file: 'x.json' })).toThrow('x.json: expected JSON objects, got "a.mp4 1"');
  expect(() => parseManifest(' \n', { file: 'x.jsonl' })).toThrow('x.jsonl: the list names no video');
});

test('any list of objects that was written is read back, and any text is read or refused in one line', () => {
  const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.trim() !== '');
  const row = fc.record(
    {
      path: word,
      captions: fc.array(word, { minLength: 1 }),
      question: word,
      answers: fc.array(word, { minLength: 1 }),
      label: word,
    },
    { requiredKeys: ['path'] },
  );
  fc.assert(
    fc.property(fc.array(row, { minLength: 1 }), (rows) => {
      const names = [...new Set(rows.flatMap(({ label }) => label ?? []))].sort((a, b) => (a < b ? -1 : 1));
      const expected = rows.map(({ label, ...said }) => ({
        ...said,
        ...(label === undefined ? {} : { label: names.indexOf(label) }),
      }));
      expect(entriesOf(JSON.stringify(rows))).toEqual(expected);
      expect(entriesOf(rows.map((one) => JSON.stringify(one)).join('\n'))).toEqual(expected);
    }),
  );
  const piece = fc.constantFrom(
    'path',
    'label',
    'video',
    'caption',
    'a.mp4',
    ',',
    '"',
    '\n',
    ' ',
    '{',
    '}',
    '[',
    ']',
    ':',
    '1',
  );
  fc.assert(
    fc.property(
      fc.array(piece).map((pieces) => pieces.join('')),
      (text) => {
        try {
          expect(parseManifest(text, { file: 'list' }).entries.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ManifestError);
          expect(String(error)).toMatch(/^ManifestError: list[^\n]*$/);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

async function serve(answer: Parameters<typeof createServer>[1]) {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}
