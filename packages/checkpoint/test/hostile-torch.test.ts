import { expect, test } from 'vitest';
import { CheckpointError, openCheckpoint } from '@umt/checkpoint';
import { Op } from '../src/pickle/opcodes.ts';
import { fixtureBytes } from './fixtures.ts';
import {
  call,
  dictionary,
  global,
  GOOD_PICKLE,
  little,
  join,
  legacy,
  pickle,
  storage,
  tensor,
  text,
  tuple,
  zipped,
} from './forge.ts';
import { errorOf, expectRefused } from './refusals.ts';
import { TORCH_FILES } from './torch-files.ts';

test('the files that the hostile ones are changes of are good', async () => {
  expect(await errorOf(zipped(GOOD_PICKLE))).toBeUndefined();
  expect(await errorOf(legacy(GOOD_PICKLE))).toBeUndefined();
  const file = await openCheckpoint(zipped(GOOD_PICKLE));
  expect((await file.read('w')).data).toEqual(Float32Array.of(1, 2, 3, 4));
});

const READABLE = TORCH_FILES.filter((name) => name !== 'dtypes.pth');

/** Of many changes to a file, those that were not refused in one line. */
async function accepted(changes: Iterable<readonly [at: number, bytes: Uint8Array]>): Promise<readonly number[]> {
  const places: number[] = [];
  for (const [at, bytes] of changes) {
    const error = await errorOf(bytes);
    if (!(error instanceof CheckpointError) || !/^model\.pth: [^\n\r]+$/.test(error.message)) places.push(at);
  }
  return places;
}

test.each(READABLE)('refuses %s truncated anywhere', async (name) => {
  const bytes = fixtureBytes(`torch/${name}`);
  // Every byte of the first and last records, and every third of the rest.
  const lengths = [...bytes.keys()].filter((at) => at < 500 || at > bytes.length - 200 || at % 3 === 0);
  const cuts = lengths.map((length) => [length, bytes.subarray(0, length)] as const);
  expect(await accepted(cuts)).toEqual([]);
});

test.each(READABLE.filter((name) => !name.includes('legacy')))(
  'refuses %s with 8 bytes missing anywhere',
  async (name) => {
    const bytes = fixtureBytes(`torch/${name}`);
    const cuts = Array.from(
      bytes.subarray(8),
      (_, at) => [at, join(bytes.subarray(0, at), bytes.subarray(at + 8))] as const,
    );
    expect(await accepted(cuts)).toEqual([]);
  },
);

test.each([
  '',
  'x',
  '{}',
  '<!doctype html><html></html>',
  'version https://git-lfs.github.com/spec/v1',
  '\x80\x02}q\x00.',
])('refuses %j as no checkpoint', async (content) => {
  await expectRefused(
    Uint8Array.from(content, (letter) => letter.charCodeAt(0)),
    'neither a safetensors file nor one of PyTorch',
  );
});

const dictionaryOf = (value: readonly number[]) => pickle(dictionary({ w: tensor(), x: value }));

test.each<[string, Uint8Array, string]>([
  ['no opcode', pickle([0xff]), 'opcode 0xff at byte 2 is not supported'],
  ['an extension code', pickle([0x82, 1]), 'opcode 0x82'],
  ['a class by the old opcode', pickle([0x69]), 'opcode 0x69'],
  ['an empty stack', pickle([]), 'takes a value from an empty stack'],
  ['a value from below a mark', pickle([Op.NONE, Op.MARK, Op.TUPLE1]), 'takes a value from an empty stack'],
  ['a mark that is not there', pickle([Op.TUPLE]), 'a mark that is not there'],
  ['values left over', pickle([Op.NONE, Op.NONE]), 'values are left over'],
  ['a value that was never remembered', pickle([Op.BINGET, 3]), 'recalls value 3'],
  [
    'a value remembered far away',
    pickle([Op.NONE, Op.LONG_BINPUT, ...little(0xffffffff, 4)]),
    'remembers a value under 4294967295',
  ],
  ['a protocol to come', pickle([Op.PROTO, 6]), 'newer than 5'],
  ['an append to a number', pickle([Op.BININT1, 1, Op.NONE, Op.APPEND]), 'appends to what is no list'],
  ['an entry of a list', pickle([Op.EMPTY_LIST, Op.NONE, Op.NONE, Op.SETITEM]), 'entries of what is no dictionary'],
  ['a key without a value', pickle([Op.EMPTY_DICT, Op.MARK, Op.NONE, Op.SETITEMS]), 'a key without a value'],
  ['a call of a number', pickle([Op.BININT1, 1, Op.EMPTY_TUPLE, Op.REDUCE]), 'calls what is no class or function'],
  ['a call without a tuple', pickle(global('os.system'), [Op.NONE, Op.REDUCE]), 'no tuple of arguments'],
  ['state for a number', pickle([Op.BININT1, 1, Op.NONE, Op.BUILD]), 'state of an object'],
  ['a class without a name', pickle([Op.NONE, Op.NONE, Op.STACK_GLOBAL]), 'a class has no name'],
  ['a string beyond the end', pickle([Op.BINUNICODE, ...little(1000, 4)]), 'truncated: its pickle ends early'],
  ['a string of 2^63 bytes', pickle([Op.BINUNICODE8, ...little(1n << 63n, 8)]), 'truncated: its pickle ends early'],
  ['an integer of 1000 bytes', pickle([Op.LONG4, ...little(1000, 4)]), 'an integer has 1000 bytes'],
  ['words for an integer', pickle([Op.INT, 0x61, 0x0a]), 'an integer is not written as one'],
  ['a persistent id that is a number', pickle([Op.NONE, Op.BINPERSID]), 'a persistent id is no tuple'],
  [
    'a persistent id of another kind',
    pickle(tuple(text('file'), text('/etc/passwd')), [Op.BINPERSID]),
    'neither a storage nor a module',
  ],
  [
    'a storage of an unknown type',
    pickle(storage('0', 4, 'os.FloatStorage')),
    'storages of type "os.FloatStorage" are not known',
  ],
  ['a storage of negative length', pickle(storage('0', -1)), 'not a whole number from 0 to 2^53'],
  ['a tensor without a storage', pickle(tensor([Op.NONE])), 'a tensor has no storage'],
  ['a tensor of negative offset', dictionaryOf(tensor(storage(), -1)), 'not a whole number'],
  ['a tensor of negative strides', dictionaryOf(tensor(storage(), 3, [4], [-1])), 'not a whole number'],
  ['a tensor of 2^64 elements', dictionaryOf(tensor(storage(), 0, [1n << 64n], [0])), 'not a whole number'],
  ['a tensor with too few strides', dictionaryOf(tensor(storage(), 0, [2, 2], [1])), '2 axes and strides for 1'],
  [
    'a tensor of 65 axes',
    dictionaryOf(tensor(storage(), 0, Array<number>(65).fill(1), Array<number>(65).fill(1))),
    '65 axes',
  ],
  [
    'a tensor beyond its storage',
    dictionaryOf(tensor(storage(), 1)),
    'tensor "x": shape [4], strides [1] and offset 1 reach beyond its storage "0" of 16 bytes',
  ],
  [
    'offsets that overflow',
    dictionaryOf(tensor(storage(), 2 ** 53 - 1, [2], [2 ** 53 - 1])),
    'reach beyond its storage',
  ],
  [
    'strides that overflow to 2^106',
    dictionaryOf(tensor(storage(), 0, [2 ** 53 - 1, 2], [2 ** 53 - 1, 1])),
    'reach beyond its storage',
  ],
  [
    'an expanded tensor of a petabyte',
    dictionaryOf(tensor(storage(), 0, [2 ** 40], [0])),
    'repeats few elements to 4398046511104 bytes',
  ],
  [
    'an expanded tensor of 2^106 elements',
    dictionaryOf(tensor(storage(), 0, [2 ** 53 - 1, 2 ** 53 - 1], [0, 0])),
    'more than 2^53 elements',
  ],
  [
    'a storage that is not there',
    dictionaryOf(tensor(storage('../../etc/passwd'))),
    'has no storage "../../etc/passwd"',
  ],
  [
    'a storage of another size',
    dictionaryOf(tensor(storage('0', 5))),
    /storage "0" has (16 bytes, its 5 elements of F32 take 20|two sizes)/.source,
  ],
  ['no dictionary', pickle(tensor()), 'its top level is F32 tensor [4], not a dictionary: save model.state_dict()'],
  ['no tensors', pickle(dictionary({ model: text('ViT\n') })), 'it holds no tensors under names (its keys: "model")'],
  [
    'two tensors of one name',
    pickle(dictionary({ 'a.b': tensor(), a: dictionary({ b: tensor() }) })),
    'tensor "a.b": two tensors have this name',
  ],
  [
    'a whole model',
    pickle(global('models.Net'), [Op.EMPTY_TUPLE, Op.NEWOBJ], dictionary({ w: tensor() }), [Op.BUILD]),
    'its top level is models.Net of 1, not a dictionary',
  ],
  [
    'a class with lines in its name',
    pickle(text('m\n\u2028\u009b\u202e'), text('n'), [Op.STACK_GLOBAL]),
    'its top level is "m\\n\\u2028\\u009b\\u202e.n"',
  ],
  [
    'the constructor of a recursive call',
    pickle(
      call(
        'torch._tensor._rebuild_from_type_v2',
        global('torch._tensor._rebuild_from_type_v2'),
        [Op.NONE],
        [Op.EMPTY_TUPLE],
        [Op.NONE],
      ),
    ),
    'its top level is unknown tensor',
  ],
])('refuses a pickle with %s', async (_, data, problem) => {
  const pattern = problem.startsWith('storage "0" has (') ? new RegExp(problem) : problem;
  await expectRefused(zipped(data), pattern);
});

test('runs nothing and looks nothing up by name: what is called stays a record', async () => {
  const evil = [
    'os.system',
    'builtins.eval',
    '__builtin__.__import__',
    'posix.system',
    'Object.constructor',
    '__proto__.constructor',
  ];
  const calls = evil.map((name) => [name, call(name, text('process.exit(1)'))] as const);
  const prototype = dictionary({ polluted: [Op.NEWTRUE] });
  const top = { w: tensor(), __proto__x: prototype, ...Object.fromEntries(calls) };
  const data = pickle(dictionary(top), text('__proto__'), prototype, [Op.SETITEM], text('constructor'), tensor(), [
    Op.SETITEM,
  ]);
  const { tensors, otherEntries } = await openCheckpoint(zipped(data));
  expect([...tensors.keys()]).toEqual(['w', 'constructor']);
  expect(otherEntries.get('os.system')).toBe('os.system');
  expect(otherEntries.get('__proto__')).toBe('dictionary of 1');
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test('of two values of one key the later one counts, as in Python', async () => {
  const data = pickle(dictionary({ w: [Op.NONE] }), text('w'), tensor(), [Op.SETITEM]);
  expect((await openCheckpoint(zipped(data))).tensors.has('w')).toBe(true);
});

test('a safetensors file has no dictionary to choose', async () => {
  const { writeSafetensors } = await import('@umt/checkpoint');
  const bytes = writeSafetensors({});
  await expect(openCheckpoint(bytes, { dictionary: 'model' })).rejects.toThrow(
    'a safetensors file has no dictionaries',
  );
  expect((await openCheckpoint(bytes)).format).toBe('safetensors');
});
