/** Makes files of PyTorch's formats by hand, also ones that no PyTorch would write. */
import { Op } from '../src/pickle/opcodes.ts';

const utf8 = new TextEncoder();

export function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export function repeat(count: number, ...pattern: readonly number[]): Uint8Array {
  const whole = new Uint8Array(count * pattern.length);
  whole.set(pattern);
  for (let done = pattern.length; done < whole.length; done *= 2) whole.copyWithin(done, 0, done);
  return whole;
}

export function little(value: number | bigint, bytes: number): readonly number[] {
  const isSmall = typeof value === 'number' && value >= 0;
  return Array.from({ length: bytes }, (_, i) =>
    isSmall ? Math.floor(value / 256 ** i) % 256 : Number((BigInt(value) >> BigInt(8 * i)) & 255n),
  );
}

export const text = (value: string): readonly number[] => {
  const bytes = utf8.encode(value);
  return [Op.BINUNICODE, ...little(bytes.length, 4), ...bytes];
};

export const global = (name: string): readonly number[] => {
  const dot = name.lastIndexOf('.');
  return [Op.GLOBAL, ...utf8.encode(`${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`)];
};

export const integer = (value: number | bigint): readonly number[] => [Op.LONG1, 9, ...little(value, 9)];

export const tuple = (...items: readonly (readonly number[])[]): readonly number[] => [
  Op.MARK,
  ...items.flat(),
  Op.TUPLE,
];

export const call = (name: string, ...args: readonly (readonly number[])[]): readonly number[] => [
  ...global(name),
  ...tuple(...args),
  Op.REDUCE,
];

export const storage = (key = '0', length: number | bigint = 4, type = 'torch.FloatStorage'): readonly number[] => [
  ...tuple(text('storage'), global(type), text(key), text('cpu'), integer(length)),
  Op.BINPERSID,
];

export const tensor = (
  place: readonly number[] = storage(),
  offset: number | bigint = 0,
  shape: readonly (number | bigint)[] = [4],
  strides: readonly (number | bigint)[] = [1],
): readonly number[] =>
  call(
    'torch._utils._rebuild_tensor_v2',
    place,
    integer(offset),
    tuple(...shape.map(integer)),
    tuple(...strides.map(integer)),
    [Op.NEWFALSE],
    call('collections.OrderedDict'),
  );

export const dictionary = (entries: Readonly<Record<string, readonly number[]>>): readonly number[] => [
  Op.EMPTY_DICT,
  Op.MARK,
  ...Object.entries(entries).flatMap(([key, value]) => [...text(key), ...value]),
  Op.SETITEMS,
];

export const pickle = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  join([Op.PROTO, 2], ...parts, [Op.STOP]);

/** An entry of a zip archive, and what its records say in place of the truth. */
export interface ForgedEntry {
  readonly name: string;
  readonly data: Uint8Array;
  readonly localName?: string;
  readonly method?: number;
  readonly flags?: number;
  readonly disk?: number;
  readonly localSize?: number;
  readonly centralSizes?: readonly [compressed: number, size: number];
  readonly offset?: number;
  readonly centralExtra?: readonly number[];
}

/** What the record at the end says in place of the truth. */
export interface ForgedEnd {
  readonly count?: number;
  readonly size?: number;
  readonly offset?: number;
  readonly comment?: string;
  readonly disk?: number;
  /** Bytes between the directory and the end. */
  readonly between?: readonly number[];
}

export function zip(entries: readonly ForgedEntry[], end: ForgedEnd = {}): Uint8Array {
  const locals: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let position = 0;
  for (const entry of entries) {
    const { data, method = 0, flags = 0 } = entry;
    const name = utf8.encode(entry.name);
    const localName = utf8.encode(entry.localName ?? entry.name);
    const size = little(entry.localSize ?? data.length, 4);
    const local = join(
      [
        ...little(0x04034b50, 4),
        ...little(20, 2),
        ...little(flags, 2),
        ...little(method, 2),
        ...little(0, 8),
        ...size,
        ...size,
      ],
      [...little(localName.length, 2), ...little(0, 2), ...localName],
      data,
    );
    const [compressed, plain] = entry.centralSizes ?? [data.length, data.length];
    const extra = entry.centralExtra ?? [];
    central.push(
      join(
        [
          ...little(0x02014b50, 4),
          ...little(20, 2),
          ...little(20, 2),
          ...little(flags, 2),
          ...little(method, 2),
          ...little(0, 8),
        ],
        [
          ...little(compressed, 4),
          ...little(plain, 4),
          ...little(name.length, 2),
          ...little(extra.length, 2),
          ...little(0, 2),
        ],
        [...little(entry.disk ?? 0, 2), ...little(0, 6), ...little(entry.offset ?? position, 4), ...name, ...extra],
      ),
    );
    locals.push(local);
    position += local.length;
  }
  const directory = join(...central);
  const count = little(end.count ?? entries.length, 2);
  const comment = utf8.encode(end.comment ?? '');
  return join(
    ...locals,
    directory,
    end.between ?? [],
    [...little(0x06054b50, 4), ...little(end.disk ?? 0, 2), ...little(0, 2), ...count, ...count],
    [
      ...little(end.size ?? directory.length, 4),
      ...little(end.offset ?? position, 4),
      ...little(comment.length, 2),
      ...comment,
    ],
  );
}

export const FOUR_FLOATS = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);

/** The entries of a PyTorch file with one storage of four floats, some of them changed or added. */
export function entriesOf(
  data: Uint8Array,
  changes: Readonly<Record<string, Partial<ForgedEntry>>> = {},
): readonly ForgedEntry[] {
  const plain: Readonly<Record<string, Uint8Array>> = { 'a/data.pkl': data, 'a/data/0': FOUR_FLOATS };
  const names = [...new Set([...Object.keys(plain), ...Object.keys(changes)])];
  return names.map((name) => ({ name, data: plain[name] ?? new Uint8Array(0), ...changes[name] }));
}

/** A PyTorch file around a pickle. */
export const zipped = (data: Uint8Array): Uint8Array => zip(entriesOf(data));

/** A file of the legacy format around the pickle of its object. */
export function legacy(
  object: Uint8Array,
  { keys = ['0'], storages = join(little(4, 8), FOUR_FLOATS), isLittle = true, version = 1001 } = {},
): Uint8Array {
  const magic = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
  return join(
    pickle([Op.LONG1, 10, ...magic]),
    pickle(integer(version)),
    pickle(dictionary({ little_endian: [isLittle ? Op.NEWTRUE : Op.NEWFALSE] })),
    object,
    pickle([Op.EMPTY_LIST, Op.MARK, ...keys.flatMap(text), Op.APPENDS]),
    storages,
  );
}

/** The least proper file. */
export const GOOD_PICKLE = pickle(dictionary({ w: tensor() }));
