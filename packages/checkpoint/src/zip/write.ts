import { crc32 } from '@umt/crc';
import { CENTRAL_HEADER, END, END_64, END_64_BYTES, LOCAL_HEADER, LOCATOR_64, MAX_UINT32 } from './format.ts';

/** Data begins at multiples of this, as in PyTorch's own archives: a tensor can be viewed where it lies. */
const ALIGNMENT = 64;
const VERSION = 45;
const UTF8_NAMES = 0x800;
const WIDE_FIELD = 1;
/** PyTorch's own field, "FB", is padding. */
const PADDING_FIELD = 0x4246;

/**
 * A zip archive of stored entries, as the pieces that follow one another, without copies of the data. The bytes depend on
 * names and data alone: no times, no names of machines.
 */
export function zipChunks(entries: readonly (readonly [name: string, data: Uint8Array])[]): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let position = 0;
  for (const [text, data] of entries) {
    const entry = { name: new TextEncoder().encode(text), crc: crc32(data), size: data.length, begin: position };
    const header = localHeader(entry);
    chunks.push(header, data);
    directory.push(centralHeader(entry));
    position += header.length + data.length;
  }
  const size = directory.reduce((total, { length }) => total + length, 0);
  return [...chunks, ...directory, endOf(entries.length, position, size)];
}

interface Entry {
  readonly name: Uint8Array;
  readonly crc: number;
  readonly size: number;
  readonly begin: number;
}

function localHeader(entry: Entry): Uint8Array {
  const wide = entry.size >= MAX_UINT32 ? wideField([entry.size, entry.size]) : [];
  const length = 30 + entry.name.length + wide.length + 4;
  const padding = (ALIGNMENT - ((entry.begin + length) % ALIGNMENT)) % ALIGNMENT;
  const extra = [...wide, ...uint16(PADDING_FIELD), ...uint16(padding), ...new Array<number>(padding).fill(0x5a)];
  return Uint8Array.from([
    ...uint32(LOCAL_HEADER),
    ...uint16(VERSION),
    ...common(entry),
    ...uint16(entry.name.length),
    ...uint16(extra.length),
    ...entry.name,
    ...extra,
  ]);
}

function centralHeader(entry: Entry): Uint8Array {
  const sizes = entry.size >= MAX_UINT32 ? [entry.size, entry.size] : [];
  const offset = entry.begin >= MAX_UINT32 ? [entry.begin] : [];
  const extra = sizes.length + offset.length > 0 ? wideField([...sizes, ...offset]) : [];
  return Uint8Array.from([
    ...uint32(CENTRAL_HEADER),
    ...uint16(VERSION),
    ...uint16(VERSION),
    ...common(entry),
    ...uint16(entry.name.length),
    ...uint16(extra.length),
    // no comment, first disk, no attributes
    ...new Array<number>(10).fill(0),
    ...uint32(entry.begin),
    ...entry.name,
    ...extra,
  ]);
}

/** Flags, method (stored), time and date (none), checksum and the two sizes. */
function common({ crc, size }: Entry): number[] {
  return [...uint16(UTF8_NAMES), ...new Array<number>(6).fill(0), ...uint32(crc), ...uint32(size), ...uint32(size)];
}

function endOf(count: number, begin: number, size: number): Uint8Array {
  const isWide = count >= 0xffff || begin >= MAX_UINT32 || size >= MAX_UINT32;
  const counts = [count, count, size, begin].flatMap(uint64);
  const record = [...uint32(END_64), ...uint64(END_64_BYTES - 12), ...uint16(VERSION), ...uint16(VERSION)];
  const locator = [...uint32(LOCATOR_64), ...uint32(0), ...uint64(begin + size), ...uint32(1)];
  const short = Math.min(count, 0xffff);
  return Uint8Array.from([
    ...(isWide ? [...record, ...uint64(0), ...counts, ...locator] : []),
    ...uint32(END),
    ...uint32(0),
    ...uint16(short),
    ...uint16(short),
    ...uint32(size),
    ...uint32(begin),
    ...uint16(0),
  ]);
}

function wideField(numbers: readonly number[]): number[] {
  return [...uint16(WIDE_FIELD), ...uint16(8 * numbers.length), ...numbers.flatMap(uint64)];
}

function uint16(value: number): number[] {
  return [value & 255, value >>> 8];
}

/** What does not fit is all ones, which says that a 64-bit field has it. */
function uint32(value: number): number[] {
  const bits = Math.min(value, MAX_UINT32);
  return [bits & 255, (bits >>> 8) & 255, (bits >>> 16) & 255, bits >>> 24];
}

function uint64(value: number): number[] {
  return [...uint32(value % 2 ** 32), ...uint32(Math.floor(value / 2 ** 32))];
}
