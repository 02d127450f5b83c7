import { expect, test } from 'vitest';
import { CheckpointError, openCheckpoint } from '@umt/checkpoint';
import { Op } from '../src/pickle/opcodes.ts';
import {
  dictionary,
  entriesOf,
  FOUR_FLOATS,
  global,
  GOOD_PICKLE,
  integer,
  join,
  legacy,
  little,
  pickle,
  storage,
  tensor,
  text,
  tuple,
  zip,
  type ForgedEnd,
  type ForgedEntry,
} from './forge.ts';
import { errorOf, expectRefused } from './refusals.ts';

test.each<[string, Readonly<Record<string, Partial<ForgedEntry>>>, ForgedEnd, string]>([
  ['no pickle', { 'a/data.pkl': { name: 'a/other.pkl' } }, {}, 'a zip archive without data.pkl'],
  ['two pickles', { 'b/data.pkl': {} }, {}, '2 pickles'],
  ['an entry twice', { x: { name: 'a/data/0' } }, {}, '"a/data/0" is there twice'],
  ['a compressed pickle', { 'a/data.pkl': { method: 8 } }, {}, '"a/data.pkl" is compressed'],
  ['a compressed storage', { 'a/data/0': { method: 8 } }, {}, '"a/data/0" is compressed'],
  ['an encrypted entry', { 'a/data/0': { flags: 1 } }, {}, 'is encrypted'],
  ['an entry on another disk', { 'a/data/0': { disk: 1 } }, {}, 'lies in another archive'],
  ['two sizes of a stored entry', { 'a/data/0': { centralSizes: [16, 17] } }, {}, 'is stored, yet has two sizes'],
  [
    'an entry larger than there is room',
    { 'a/data/0': { centralSizes: [32, 32] } },
    {},
    '"a/data/0" overlaps what follows it',
  ],
  [
    'an entry that overlaps the next',
    { 'a/data.pkl': { centralSizes: [4000, 4000] } },
    {},
    '"a/data.pkl" overlaps what follows it',
  ],
  ['an entry smaller than it is', { 'a/data/0': { centralSizes: [12, 12] } }, {}, 'storage "0" has 12 bytes'],
  ['an entry of 4 GB', { 'a/data/0': { centralSizes: [0xfffffffe, 0xfffffffe] } }, {}, 'overlaps what follows it'],
  [
    'sizes in 64 bits that are not there',
    { 'a/data/0': { centralSizes: [0xffffffff, 0xffffffff] } },
    {},
    'no proper 64-bit sizes',
  ],
  [
    'sizes of 2^63',
    {
      'a/data/0': {
        centralSizes: [0xffffffff, 0xffffffff],
        centralExtra: [1, 0, 16, 0, ...little(1n << 63n, 8), ...little(1n << 63n, 8)],
      },
    },
    {},
    'no proper 64-bit sizes',
  ],
  [
    'a 64-bit field that is cut',
    { 'a/data/0': { offset: 0xffffffff, centralExtra: [1, 0, 8, 0, 1] } },
    {},
    'the directory of the zip archive ends within an entry',
  ],
  ['an entry beyond the end', { 'a/data/0': { offset: 0x7fffffff } }, {}, 'lies outside the file'],
  ['an entry where there is none', { 'a/data/0': { offset: 5 } }, {}, 'overlaps what follows it'],
  ['an entry in another one', { 'a/data/0': { offset: 0 } }, {}, 'overlaps what follows it'],
  ['a local size that differs', { 'a/data/0': { localSize: 12 } }, {}, '"a/data/0" contradicts the directory'],
  ['a local name that differs', { 'a/data/0': { localName: 'a/data/1' } }, {}, '"a/data/0" contradicts the directory'],
  ['a path upwards', { '../../etc/passwd': {} }, {}, 'leads out of the archive'],
  ['a root that is a path upwards', { 'a/data.pkl': { name: '../data.pkl' } }, {}, 'leads out of the archive'],
  ['an absolute path', { '/etc/passwd': {} }, {}, 'leads out of the archive'],
  ['a path of Windows', { 'C:\\x': {} }, {}, '"C:\\\\x" is named by a path that leads out of the archive'],
  ['fewer entries than it says', {}, { count: 3 }, 'has 2 entries and says 3'],
  ['more entries than it says', {}, { count: 1 }, 'has 2 entries and says 1'],
  ['a directory elsewhere', {}, { offset: 0 }, 'contradicts the file'],
  ['a directory of another size', {}, { size: 10 }, 'contradicts the file'],
  ['a directory of 4 GB', {}, { size: 0xfffffffe }, 'contradicts the file'],
  ['an end of 64 bits that is not there', {}, { offset: 0xffffffff }, 'contradicts the file'],
  ['several disks', {}, { disk: 1 }, 'contradicts the file'],
  ['bytes before its end', {}, { between: [1, 2, 3] }, 'contradicts the file'],
  [
    'a big-endian writer',
    { 'a/byteorder': { data: new TextEncoder().encode('big') } },
    {},
    'it was saved on a big-endian machine',
  ],
  [
    'a byte order of a megabyte',
    { 'a/byteorder': { data: new Uint8Array(1e6) } },
    {},
    '"a/byteorder" has 1000000 bytes: refused',
  ],
])('refuses a zip archive with %s', async (_, changes, end, problem) => {
  const error = await errorOf(zip(entriesOf(GOOD_PICKLE, changes), end));
  expect(error).toBeInstanceOf(CheckpointError);
  expect((error as CheckpointError).message).toContain(problem);
  expect((error as CheckpointError).message).toMatch(/^model\.pth: [^\n]+$/);
});

test('reads a zip archive with a comment, and refuses bytes before or behind it', async () => {
  const file = zip(entriesOf(GOOD_PICKLE), { comment: 'a comment' });
  expect(await errorOf(file)).toBeUndefined();
  await expectRefused(join(file, [0]), 'no directory at its end');
  await expectRefused(join(file, file), /contradicts|twice/);
  await expectRefused(join([0x50, 0x4b, 3, 4], file), 'contradicts the file');
});

test.each<[string, Uint8Array, string]>([
  ['another version', legacy(GOOD_PICKLE, { version: 1000 }), 'not version 1001'],
  ['big-endian numbers', legacy(GOOD_PICKLE, { isLittle: false }), 'it was saved on a big-endian machine'],
  ['a list of other storages', legacy(GOOD_PICKLE, { keys: ['1'] }), 'its list of storages is not that of its tensors'],
  [
    'a storage listed twice',
    legacy(GOOD_PICKLE, { keys: ['0', '0'] }),
    'its list of storages is not that of its tensors',
  ],
  [
    'a storage not listed',
    legacy(GOOD_PICKLE, { keys: [], storages: new Uint8Array(0) }),
    'tensor "w": its storage "0" is not in the file',
  ],
  ['bytes behind its storages', join(legacy(GOOD_PICKLE), [0]), '1 bytes follow its last storage'],
  [
    'a storage of another count',
    legacy(GOOD_PICKLE, { storages: join(little(5, 8), FOUR_FLOATS) }),
    'storage "0" has 5 elements, the pickle says 4',
  ],
  [
    'a storage of 2^52 elements',
    legacy(pickle(dictionary({ w: tensor(storage('0', 2 ** 52), 0, [2 ** 52], [1]) }))),
    'truncated: its storages end at byte',
  ],
  [
    'a storage of two sizes',
    legacy(pickle(dictionary({ w: tensor(), x: tensor(storage('0', 3), 0, [3]) }))),
    'storage "0" has two sizes',
  ],
  [
    'a part of a storage beyond its end',
    legacy(
      pickle(
        dictionary({
          w: tensor([
            ...tuple(
              text('storage'),
              global('torch.FloatStorage'),
              text('0'),
              text('cpu'),
              integer(4),
              tuple(text('1'), integer(3), integer(2)),
            ),
            Op.BINPERSID,
          ]),
        }),
      ),
    ),
    'part of a storage lies beyond its end',
  ],
])('refuses a legacy file with %s', async (_, bytes, problem) => {
  await expectRefused(bytes, problem);
});

test('reads a legacy file whose tensor lies in a part of a storage, as before PyTorch 0.4', async () => {
  const part = tuple(text('1'), integer(1), integer(3));
  const place = [
    ...tuple(text('storage'), global('torch.FloatStorage'), text('0'), text('cpu'), integer(4), part),
    Op.BINPERSID,
  ];
  const file = await openCheckpoint(legacy(pickle(dictionary({ w: tensor(place, 1, [2], [1]) }))));
  expect((await file.read('w')).data).toEqual(Float32Array.of(3, 4));
});
