/** Mutation fuzzing of both parsers, kept going by what is new: an input with an outcome never seen joins the corpus. */
import { CheckpointError, openCheckpoint } from '@umt/checkpoint';
import { Op } from '../src/pickle/opcodes.ts';
import { readZipDirectory } from '../src/zip/directory.ts';
import { bytesSource } from '../src/source.ts';
import { bytesOf } from '../src/tensor.ts';
import { fixtureBytes } from './fixtures.ts';
import {
  call,
  dictionary,
  entriesOf,
  integer,
  join,
  legacy,
  pickle,
  repeat,
  storage,
  tensor,
  text,
  zip,
} from './forge.ts';
import { TORCH_FILES } from './torch-files.ts';

/** What a run came to. */
export interface FuzzReport {
  readonly cases: number;
  readonly opened: number;
  readonly refused: number;
  readonly tensorsRead: number;
  /** Kinds of outcomes: messages without their names and numbers. */
  readonly outcomes: number;
  readonly corpus: number;
  readonly slowestSeconds: number;
}

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

/** xorshift32: the run of a seed is always the same. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 0x9e3779b1) | 1;
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % Math.max(limit, 1);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }
}

const OPS = Object.values(Op);
const TELLING_NUMBERS = [
  0, 1, 2, 3, 4, 8, 15, 16, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
];
const TELLING_TEXTS = [
  '"F32"',
  '"F99"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '""',
  '-1',
  '1e999',
  '9007199254740993',
  '"__metadata__"',
  'null',
];

function poke(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  for (let left = random.pick([1, 1, 2, 4]); left > 0; left--) out[random.below(out.length)] = random.below(256);
  return out;
}

function plant(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  const width = random.pick([2, 4, 8]);
  const value = random.pick(TELLING_NUMBERS);
  const at = random.below(out.length - width);
  for (let i = 0; i < width && at + i < out.length; i++) out[at + i] = i < 4 ? value >>> (8 * i) : 0;
  return out;
}

function plantOp(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  out[random.below(out.length)] = random.pick(OPS);
  return out;
}

function insert(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length);
  return join(
    bytes.subarray(0, at),
    [random.below(2) === 0 ? random.pick(OPS) : random.below(256)],
    bytes.subarray(at),
  );
}

function insertText(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length);
  const piece = new TextEncoder().encode(random.pick(TELLING_TEXTS));
  return join(bytes.subarray(0, at), piece, bytes.subarray(at + random.below(piece.length + 1)));
}

function cut(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length);
  return join(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16)));
}

function truncate(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.slice(0, random.below(bytes.length));
}

function double(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length);
  const end = Math.min(bytes.length, at + 1 + random.below(64));
  return join(bytes.subarray(0, end), bytes.subarray(at));
}

function move(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  const [from, to] = [random.below(out.length), random.below(out.length)];
  out.copyWithin(to, from, from + 1 + random.below(64));
  return out;
}

const MUTATIONS: readonly Mutation[] = [poke, plant, plantOp, insert, insertText, cut, truncate, double, move];

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let out = bytes;
  for (let left = random.pick([1, 1, 1, 2, 4]); left > 0 && out.length > 8; left--)
    out = random.pick(MUTATIONS)(out, random);
  return out;
}

/** A pickle by the grammar, mostly: deeper into the reader than changes of bytes come. */
function grow(random: Random, depth = 0): Uint8Array {
  const length = () => random.pick([0, 1, 2, 3, 4, 2 ** 31, 2 ** 40]);
  const few = (most: number) => Array.from({ length: random.below(most) }, () => undefined);
  const leaf = () =>
    random.pick<() => Uint8Array | readonly number[]>([
      () => [Op.NONE],
      () => [Op.NEWTRUE],
      () => integer(length()),
      () => text(random.pick(['model', 'w', 'a.b', 'state_dict', ''])),
      () => tensor(storage(random.pick(['0', '1', '2']), length()), length(), few(4).map(length), few(4).map(length)),
      () => tensor(storage(), random.below(3), [random.below(3), random.below(3)], [random.below(3), random.below(3)]),
      () =>
        storage(
          random.pick(['0', '1']),
          4,
          `torch.${random.pick(['FloatStorage', 'ByteStorage', 'NoStorage', 'HalfStorage'])}`,
        ),
      () => [random.pick([Op.BINGET, Op.BINPUT]), random.below(4)],
      () => [random.pick(OPS)],
    ])();
  if (depth > 4 || random.below(3) === 0) return Uint8Array.from(leaf());
  const inner = () => grow(random, depth + 1);
  return random.pick<() => Uint8Array>([
    () => join(...few(4).map(inner)),
    () => join([Op.EMPTY_LIST, Op.MARK], ...few(4).map(inner), [Op.APPENDS]),
    () =>
      join([Op.EMPTY_DICT, Op.MARK], ...few(4).flatMap(() => [text(random.pick(['a', 'model', 'w'])), inner()]), [
        Op.SETITEMS,
      ]),
    () => join([Op.MARK], ...few(4).map(inner), [Op.TUPLE]),
    () =>
      Uint8Array.from(
        call(random.pick(['collections.OrderedDict', 'torch.Size', 'os.system']), ...few(3).map(() => [...inner()])),
      ),
    () => join(inner(), [Op.BINPUT, random.below(4)]),
    () => repeat(1 + random.below(40), random.pick(OPS)),
  ])();
}

/** A header by the grammar, mostly, with the bytes it speaks of. */
function growHeader(random: Random): Uint8Array {
  const odd = <T>(value: T, ...others: readonly T[]): T => (random.below(40) === 0 ? random.pick(others) : value);
  const entries: string[] = [];
  let end = 0;
  for (let left = random.below(5); left > 0; left--) {
    const [dtype, width] = random.pick([
      ['F32', 4],
      ['U8', 1],
      ['BF16', 2],
      ['I64', 8],
      ['BOOL', 1],
      ['C64', 8],
      ['F4', 0.5],
    ] as const);
    const shape = Array.from({ length: random.below(4) }, () => random.below(4));
    const begin = odd(end, end + 1, end - 1, 2 ** 53);
    end += Math.ceil(shape.reduce((a, b) => a * b, 1) * width);
    const range = odd(
      JSON.stringify([begin, odd(end, begin, end + 1, -1)]),
      '[]',
      'null',
      '[0,1,2]',
      '{"0":0}',
      '[1e3,2e3]',
    );
    const list = odd(JSON.stringify(shape), '[-0]', '[4294967296,4294967296]', '[1.5]', '"2"', '[[1]]', '[1e400]');
    const name = odd(String.fromCharCode(97 + random.below(26)), '__metadata__', '\\ud800', '\\u0000', '__proto__', '');
    entries.push(
      `"${name}":{"dtype":"${odd<string>(dtype, 'F3', 'f32', '')}","shape":${list},"data_offsets":${range}}`,
    );
  }
  if (random.below(3) === 0)
    entries.push(`"__metadata__":${odd('{"k":"v"}', '{"k":1}', '[]', 'null', '{"k":"1","k":"2"}')}`);
  const json = new TextEncoder().encode(`{${entries.join(',')}}${' '.repeat(random.below(8))}`);
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(odd(json.length, json.length + 1, 2 ** 40)), true);
  return join(prefix, json, new Uint8Array(odd(end, end + 1, Math.max(0, end - 1))));
}

/** A seed of the corpus: what is changed, and how it becomes a file. */
interface Seed {
  readonly core: Uint8Array;
  readonly wrap: (core: Uint8Array) => Uint8Array;
}

const asItIs = (core: Uint8Array): Uint8Array => core;

/** The files themselves, and their pickles alone in archives that stay sound around them. */
async function pytorchSeeds(): Promise<Seed[]> {
  const seeds: Seed[] = [];
  for (const name of TORCH_FILES) {
    const bytes = fixtureBytes(`torch/${name}`);
    if (name.includes('legacy')) {
      seeds.push({ core: bytes, wrap: asItIs });
      continue;
    }
    const source = bytesSource(bytes);
    const entries = [...(await readZipDirectory(source)).values()];
    const parts = entries.map((entry) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset + entry.begin);
      const begin = entry.begin + 30 + view.getUint16(26, true) + view.getUint16(28, true);
      return { name: entry.name, data: bytes.subarray(begin, begin + entry.size), method: entry.method };
    });
    const plain = parts.filter(({ method }) => method === 0);
    seeds.push({ core: bytes, wrap: asItIs }, { core: zip(plain), wrap: asItIs });
    const data = plain.find((part) => part.name.endsWith('/data.pkl'))?.data ?? bytes;
    seeds.push({
      core: data,
      wrap: (core) => zip(plain.map((part) => (part.data === data ? { ...part, data: core } : part))),
    });
  }
  const simple = pickle(dictionary({ w: tensor() }));
  seeds.push({ core: simple, wrap: (core) => zip(entriesOf(core)) }, { core: simple, wrap: (core) => legacy(core) });
  return seeds;
}

/** The reference's file, its header alone in a file that stays sound around it, and all its hostile variants. */
function safetensorsSeeds(): Seed[] {
  const bytes = fixtureBytes('reference.safetensors');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const body = bytes.subarray(8 + length);
  const wrap = (core: Uint8Array) => {
    const prefix = new Uint8Array(8);
    new DataView(prefix.buffer).setBigUint64(0, BigInt(core.length), true);
    return join(prefix, core, body);
  };
  const header = bytes.subarray(8, 8 + length);
  return [
    { core: bytes, wrap: asItIs },
    { core: header, wrap },
  ];
}

function randomFile(random: Random): Uint8Array {
  const magic = random.pick([
    [],
    [0x50, 0x4b, 3, 4],
    [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e],
  ]);
  return join(
    magic,
    Array.from({ length: random.below(200) }, () => random.below(256)),
  );
}

/**
 * Opens `cases` damaged or made-up files and reads their tensors. Anything but a tensor of the right size or a
 * CheckpointError of one line that names the file is thrown, with the seed that makes it.
 */
export async function fuzz(kind: 'pytorch' | 'safetensors', cases: number, seed: number): Promise<FuzzReport> {
  const random = new Random(seed);
  const corpus = kind === 'pytorch' ? await pytorchSeeds() : safetensorsSeeds();
  const outcomes = new Set<string>();
  let opened = 0;
  let tensorsRead = 0;
  let slowestSeconds = 0;
  for (let i = 0; i < cases; i++) {
    const parent = random.pick(corpus);
    const way = random.below(20);
    const isGrown = way > 1 && way < 5;
    const core = isGrown && kind === 'pytorch' ? pickle(grow(random)) : mutate(parent.core, random);
    const isHeader = isGrown && kind === 'safetensors';
    const file = way === 1 ? randomFile(random) : isHeader ? growHeader(random) : parent.wrap(core);
    const start = performance.now();
    const { outcome, read } = await tryOut(file).catch((error: unknown) => {
      throw new Error(`case ${i} of seed ${seed}: ${String(error)}; ${Buffer.from(file).toString('base64')}`, {
        cause: error,
      });
    });
    slowestSeconds = Math.max(slowestSeconds, (performance.now() - start) / 1000);
    if (read !== undefined) opened++;
    tensorsRead += read ?? 0;
    if (outcomes.has(outcome)) continue;
    outcomes.add(outcome);
    if (way > 1 && !isHeader && corpus.length < 500 && core.length < 20_000) corpus.push({ core, wrap: parent.wrap });
  }
  return {
    cases,
    opened,
    refused: cases - opened,
    tensorsRead,
    outcomes: outcomes.size,
    corpus: corpus.length,
    slowestSeconds,
  };
}

async function tryOut(bytes: Uint8Array): Promise<{ readonly outcome: string; readonly read?: number }> {
  try {
    const file = await openCheckpoint(bytes);
    let read = 0;
    const kinds = new Set<string>([file.format, file.dictionary.slice(0, 8), String(file.otherEntries.size > 0)]);
    for (const { name, dtype, shape } of [...file.tensors.values()].slice(0, 12)) {
      kinds.add(await tryTensor(() => file.read(name), shape, dtype));
      read++;
    }
    return { outcome: [...kinds].join(' '), read };
  } catch (error) {
    return { outcome: refusal(error) };
  }
}

async function tryTensor(
  read: () => ReturnType<Awaited<ReturnType<typeof openCheckpoint>>['read']>,
  shape: readonly number[],
  dtype: string,
): Promise<string> {
  try {
    const tensor = await read();
    const count = shape.reduce((a, b) => a * b, 1);
    const isRaw = /^(C64|F8|F6|F4)/.test(dtype);
    if (!isRaw && tensor.data.length !== count) throw new Error(`${tensor.data.length} elements for ${count}`);
    if (bytesOf(tensor).length !== tensor.data.byteLength) throw new Error('bytes and elements differ');
    return dtype;
  } catch (error) {
    return refusal(error);
  }
}

/** The kind of a refusal; throws what is none. */
function refusal(error: unknown): string {
  if (!(error instanceof CheckpointError)) throw error;
  if (!/^bytes in memory: [^\n\r\u2028\u2029]{1,1500}$/.test(error.message))
    throw new Error(`not one line: ${error.message}`);
  return error.message
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/\d+/g, '0')
    .replace(/\[[^\]]*\]/g, '[]')
    .replace(/its top level is .*/, '')
    .slice(0, 120);
}
