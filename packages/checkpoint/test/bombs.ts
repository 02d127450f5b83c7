/** Files made to exhaust whoever reads them: each small on disk, or with a size that it only claims. */
import { Op } from '../src/pickle/opcodes.ts';
import { writeSafetensors } from '@umt/checkpoint';
import {
  dictionary,
  entriesOf,
  global,
  integer,
  join,
  legacy,
  little,
  pickle,
  repeat,
  tensor,
  text,
  zip,
  zipped,
} from './forge.ts';

/** About the longest pickle that is read. */
const LONG = 15_900_000;
const MILLION = 1_000_000;

const withTensor = (...parts: readonly (Uint8Array | readonly number[])[]) =>
  pickle([Op.EMPTY_DICT], text('w'), tensor(), [Op.SETITEM], text('x'), ...parts, [Op.SETITEM]);

const remembered = (index: number) => [Op.LONG_BINPUT, ...little(index, 4)];
const recalled = (index: number) => [Op.LONG_BINGET, ...little(index, 4)];

/** Dictionaries that hold the next one under two keys: 2^levels paths to the tensor. */
const branching = (levels: number) => {
  const parts = [tensor(), remembered(0), [Op.POP]];
  for (let level = 1; level <= levels; level++) {
    parts.push(dictionary({ a: recalled(level - 1), b: recalled(level - 1) }), remembered(level), [Op.POP]);
  }
  return pickle(...parts, recalled(levels));
};

/** Long keys at every level: names of tensors that grow into gigabytes. */
const longNames = () => {
  const key = 'k'.repeat(1900);
  const many = Array.from({ length: 3000 }, (_, i) => [...text(`${i}`), ...recalled(0)]);
  const names = Array.from({ length: 3000 }, (_, i) => [...text(`${key}${i}`), ...recalled(1)]);
  return pickle(
    [...tensor(), ...remembered(0), Op.POP, Op.EMPTY_DICT, Op.MARK],
    join(...many),
    [Op.SETITEMS, ...remembered(1), Op.POP, Op.EMPTY_DICT, Op.MARK],
    join(...names),
    [Op.SETITEMS],
  );
};

/** `count` empty lists remembered, at places 37 apart that come around again below `limit`. */
const memo = (count: number, limit: number) => {
  const bytes = repeat(count, Op.EMPTY_LIST, Op.LONG_BINPUT, 0, 0, 0, 0, Op.POP);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) view.setUint32(7 * i + 2, (37 * i) % limit, true);
  return join(bytes, [Op.NONE]);
};

const manyEntries = (count: number) =>
  zip([
    ...entriesOf(pickle(dictionary({ w: tensor() }))),
    ...Array.from({ length: count }, (_, i) => ({ name: `a/${i.toString(36)}`, data: new Uint8Array(0) })),
  ]);

const header = (json: string) => {
  const bytes = new TextEncoder().encode(json);
  return join(little(bytes.length, 8), bytes);
};

const manyTensors = (count: number) => {
  const entry = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}';
  return header(`{${Array.from({ length: count }, (_, i) => `"${i}":${entry}`).join(',')}}`);
};

/** By name. Whether one is refused, or opened because it is harmless, is not the question: what it takes is. */
export const BOMBS: Readonly<Record<string, () => Uint8Array>> = {
  'a million lists in one another': () =>
    zipped(withTensor(repeat(MILLION, Op.EMPTY_LIST), repeat(MILLION - 1, Op.APPEND))),
  'lists in one another up to the limit': () =>
    zipped(withTensor(repeat(100_000, Op.EMPTY_LIST), repeat(99_999, Op.APPEND))),
  'a million tuples in one another': () => zipped(withTensor([Op.EMPTY_TUPLE], repeat(MILLION, Op.TUPLE1))),
  'a million marks': () => zipped(withTensor(repeat(MILLION, Op.MARK))),
  'a million dictionaries in one another': () =>
    zipped(withTensor(repeat(MILLION, Op.EMPTY_DICT, Op.NONE), repeat(MILLION, Op.EMPTY_DICT, Op.SETITEM))),
  'states of states of states': () =>
    zipped(
      withTensor(
        global('a.B'),
        remembered(0),
        repeat(200_000, Op.EMPTY_TUPLE, Op.NEWOBJ, Op.BINGET, 0),
        repeat(200_000, Op.BUILD),
      ),
    ),
  'a value doubled on the stack': () => zipped(withTensor([Op.NONE], repeat(LONG, Op.DUP))),
  'tuples of a quarter of a million': () =>
    zipped(
      withTensor(...Array.from({ length: 60 }, () => join([Op.MARK], repeat(249_990, Op.NONE), [Op.TUPLE, Op.POP]))),
    ),
  'tuples of a quarter of a million, kept': () =>
    zipped(
      withTensor(
        [Op.EMPTY_LIST],
        ...Array.from({ length: 60 }, () => join([Op.MARK], repeat(249_000, Op.NONE), [Op.TUPLE, Op.APPEND])),
      ),
    ),
  'a list of numbers': () =>
    zipped(withTensor([Op.EMPTY_LIST], repeat(LONG / 10, Op.BINFLOAT, 63, 240, 0, 0, 0, 0, 0, 1, Op.APPEND))),
  'a list of strings': () =>
    zipped(withTensor([Op.EMPTY_LIST], repeat(LONG / 5, Op.SHORT_BINUNICODE, 1, 0x61, Op.APPEND, Op.MARK, Op.APPENDS))),
  'a string of 15 MB': () =>
    zipped(withTensor([Op.BINUNICODE, ...little(LONG, 4)], repeat(LONG, 0xc3, 0xa9).subarray(0, LONG))),
  'a million classes': () => zipped(withTensor([Op.EMPTY_LIST], repeat(MILLION, ...global('a.b'), Op.APPEND))),
  'bytes of 15 MB': () => zipped(withTensor([Op.BINBYTES, ...little(LONG, 4)], new Uint8Array(LONG))),
  'a million empty bytes': () => zipped(withTensor([Op.EMPTY_LIST], repeat(MILLION, Op.SHORT_BINBYTES, 0, Op.APPEND))),
  'integers of 32 bytes': () =>
    zipped(withTensor([Op.EMPTY_LIST], repeat(400_000, Op.LONG1, 32, ...Array<number>(32).fill(0x7f), Op.APPEND))),
  'two million remembered values': () => zipped(withTensor(memo(2_000_000, 12_000_000))),
  'values remembered at the same places': () => zipped(withTensor(memo(2_000_000, 1000))),
  'a list that holds itself a million times': () =>
    zipped(withTensor([Op.EMPTY_LIST, ...remembered(0)], repeat(MILLION, Op.BINGET, 0, Op.APPEND))),
  'a dictionary that holds itself': () =>
    zipped(
      pickle([Op.EMPTY_DICT, ...remembered(0)], text('a'), recalled(0), [Op.SETITEM], text('w'), tensor(), [
        Op.SETITEM,
      ]),
    ),
  'two to the 20th names of one tensor': () => zipped(branching(20)),
  'two to the 60th names of one tensor': () => zipped(branching(60)),
  'names of gigabytes': () => zipped(longNames()),
  'storages by the hundred thousand': () =>
    zipped(withTensor([Op.EMPTY_LIST], repeat(100_000, ...tensor(), Op.APPEND))),
  'a legacy file of a million lists': () =>
    legacy(withTensor(repeat(MILLION, Op.EMPTY_LIST), repeat(MILLION - 1, Op.APPEND))),
  'a legacy pickle without an end': () => legacy(withTensor(repeat(LONG + 200_000, Op.EMPTY_LIST, Op.POP))),
  'a directory of 60 000 entries': () => manyEntries(60_000),
  'an expanded tensor of a terabyte': () => zipped(pickle(dictionary({ w: tensor(undefined, 0, [2 ** 38], [0]) }))),
  'an expanded tensor of 16 MB': () => zipped(pickle(dictionary({ w: tensor(undefined, 0, [4_000_000], [0]) }))),
  'a storage said to be of 16 PB': () => legacy(pickle(dictionary({ w: [...tensor(undefined, 0, [2 ** 52], [1])] }))),
  'integers of a kilobyte': () =>
    zipped(
      withTensor([Op.EMPTY_LIST], repeat(10_000, Op.LONG4, 0, 4, 0, 0, ...Array<number>(1024).fill(1)), integer(1)),
    ),
  'a header of 8 MB of brackets': () => header(`{"a":${'['.repeat(7_999_990)}`),
  'a header of 8 MB of empty objects': () => header(`{"a":[${'{},'.repeat(2_600_000)}{}]}`),
  'a header of 8 MB of numbers': () => header(`{"a":[${'0,'.repeat(3_900_000)}0]}`),
  'a header of keys': () =>
    header(`{${Array.from({ length: 240_000 }, (_, i) => `"${i.toString(36)}":{}`).join(',')}}`),
  'a header of 20 000 tensors': () => manyTensors(20_000),
  'a header of one string of 8 MB': () => header(`{"__metadata__":{"a":"${'é'.repeat(3_900_000)}"}}`),
  'a header said to be of 100 MB': () => join(little(100_000_000, 8), [0x7b], repeat(MILLION, 0x20)),
  'a proper file': () => writeSafetensors({ w: { dtype: 'F32', shape: [1], data: Float32Array.of(1) } }),
};
