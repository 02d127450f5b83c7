import { CheckpointError, quoted } from '../checkpoint-error.ts';
import { ByteCursor, EndOfBytes } from '../cursor.ts';
import type { ByteSource } from '../source.ts';
import {
  CENTRAL_HEADER,
  END,
  END_64,
  END_64_BYTES,
  END_BYTES,
  LOCAL_HEADER,
  LOCAL_HEADER_BYTES,
  LOCATOR_64,
  LOCATOR_64_BYTES,
  MAX_UINT32,
} from './format.ts';

/** An entry of an archive as its central directory has it. */
export interface ZipEntry {
  readonly name: string;
  /** 0 is stored. */
  readonly method: number;
  /** Bytes of its data in the archive. */
  readonly size: number;
  /** Where its local header begins. */
  readonly begin: number;
  /** Where the next entry, or the directory, begins. */
  readonly limit: number;
}

/** Largest directory that is read: some 80 000 entries. */
const MAX_DIRECTORY_BYTES = 8_000_000;
const STORED = 0;
const ENCRYPTED = 1;
/** Sizes follow the data, and the local header has zeros. */
const SIZES_FOLLOW = 8;

const utf8 = new TextDecoder();

/**
 * Reads the directory of a zip archive: every entry, by name. Names are keys and never paths.
 *
 * @throws CheckpointError when the archive is truncated, or its records contradict one another or the file's size
 */
export async function readZipDirectory(source: ByteSource): Promise<ReadonlyMap<string, ZipEntry>> {
  const { begin, end, count } = await findDirectory(source);
  if (end - begin > MAX_DIRECTORY_BYTES) {
    throw new CheckpointError(source.name, `the directory of the zip archive has ${end - begin} bytes: refused`);
  }
  const cursor = new ByteCursor(await source.read(begin, end));
  const entries: Omit<ZipEntry, 'limit'>[] = [];
  try {
    while (cursor.position < cursor.length) entries.push(readEntry(cursor, source.name));
  } catch (cause) {
    if (!(cause instanceof EndOfBytes)) throw cause;
    throw new CheckpointError(source.name, 'the directory of the zip archive ends within an entry', { cause });
  }
  if (entries.length !== count) {
    throw new CheckpointError(source.name, `the zip archive has ${entries.length} entries and says ${count}`);
  }
  entries.sort((a, b) => a.begin - b.begin);
  const directory = new Map<string, ZipEntry>();
  entries.forEach((entry, i) => {
    const limit = entries[i + 1]?.begin ?? begin;
    if (entry.begin + LOCAL_HEADER_BYTES + entry.size > limit) {
      throw damaged(source.name, entry.name, 'overlaps what follows it, or lies outside the file');
    }
    if (directory.has(entry.name)) throw damaged(source.name, entry.name, 'is there twice');
    directory.set(entry.name, { ...entry, limit });
  });
  return directory;
}

/**
 * First byte of an entry's data, after checking its own header against the directory.
 *
 * @throws CheckpointError when the entry is compressed, or its header contradicts the directory
 */
export async function locateStored(source: ByteSource, entry: ZipEntry): Promise<number> {
  const fail = (problem: string) => damaged(source.name, entry.name, problem);
  if (entry.method !== STORED) throw fail('is compressed, which torch.save never does: unpack and zip it with -0');
  const name = new TextEncoder().encode(entry.name);
  const headerEnd = Math.min(entry.begin + LOCAL_HEADER_BYTES + name.length, entry.limit);
  const header = await source.read(entry.begin, headerEnd);
  const cursor = new ByteCursor(header);
  if (cursor.uint32() !== LOCAL_HEADER) throw fail('has no header where the directory says');
  cursor.bytes(2);
  const flags = cursor.uint16();
  const method = cursor.uint16();
  cursor.bytes(8);
  const sizes = [cursor.uint32(), cursor.uint32()];
  const nameBytes = cursor.uint16();
  const begin = entry.begin + LOCAL_HEADER_BYTES + nameBytes + cursor.uint16();
  const isSizeWrong = sizes.some((size) => size !== entry.size && size !== MAX_UINT32);
  const isNameWrong = nameBytes !== name.length || name.some((byte, i) => byte !== header[LOCAL_HEADER_BYTES + i]);
  const contradicts = method !== entry.method || isNameWrong || ((flags & SIZES_FOLLOW) === 0 && isSizeWrong);
  if (contradicts || begin + entry.size > entry.limit) throw fail('contradicts the directory');
  return begin;
}

interface DirectoryPlace {
  readonly begin: number;
  readonly end: number;
  readonly count: number;
}

/** Goes by the end record, which must be the file's last bytes with its comment, and its 64-bit form where there is one. */
async function findDirectory(source: ByteSource): Promise<DirectoryPlace> {
  const { name, byteLength } = source;
  const tailBegin = Math.max(0, byteLength - END_BYTES - 0xffff - LOCATOR_64_BYTES - END_64_BYTES);
  const tail = await source.read(tailBegin, byteLength);
  const at = findEnd(tail);
  if (at === undefined) throw new CheckpointError(name, 'truncated: the zip archive has no directory at its end');
  const cursor = new ByteCursor(tail.subarray(at + 4));
  const disks = cursor.uint32();
  const [countHere, count, size, begin] = [cursor.uint16(), cursor.uint16(), cursor.uint32(), cursor.uint32()];
  const short = { begin, end: begin + size, count };
  const long = at >= LOCATOR_64_BYTES ? find64(tail, at - LOCATOR_64_BYTES, tailBegin, name) : undefined;
  const saturated = count === 0xffff || size === MAX_UINT32 || begin === MAX_UINT32;
  const isSame = long?.begin === begin && long.end === short.end && long.count === count;
  const place = saturated ? (long ?? short) : short;
  const directoryEnd = tailBegin + (long === undefined ? at : at - LOCATOR_64_BYTES - END_64_BYTES);
  if (
    disks !== 0 ||
    countHere !== count ||
    (long !== undefined && !saturated && !isSame) ||
    place.end !== directoryEnd
  ) {
    throw new CheckpointError(
      name,
      'the end of the zip archive contradicts the file: it is damaged or not one archive',
    );
  }
  return place;
}

function findEnd(tail: Uint8Array): number | undefined {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (view.getUint32(at, true) === END && view.getUint16(at + 20, true) === tail.length - at - END_BYTES) return at;
  }
  return undefined;
}

function find64(tail: Uint8Array, locatorAt: number, tailBegin: number, file: string): DirectoryPlace | undefined {
  const locator = new ByteCursor(tail.subarray(locatorAt));
  if (locator.uint32() !== LOCATOR_64) return undefined;
  locator.uint32();
  const recordAt = locator.uint64();
  const fail = () => new CheckpointError(file, 'the 64-bit end of the zip archive is damaged');
  if (recordAt !== tailBegin + locatorAt - END_64_BYTES || locator.uint32() !== 1) throw fail();
  const record = new ByteCursor(tail.subarray(locatorAt - END_64_BYTES));
  if (record.uint32() !== END_64 || record.uint64() !== END_64_BYTES - 12) throw fail();
  record.bytes(4);
  const disks = record.uint64();
  const [countHere, count, size, begin] = [record.uint64(), record.uint64(), record.uint64(), record.uint64()];
  if (disks !== 0 || countHere !== count) throw fail();
  return { begin, end: begin + size, count };
}

function readEntry(cursor: ByteCursor, file: string): Omit<ZipEntry, 'limit'> {
  const at = cursor.position;
  if (cursor.uint32() !== CENTRAL_HEADER) throw damaged(file, `number at byte ${at}`, 'is no entry of the directory');
  cursor.uint32();
  const flags = cursor.uint16();
  const method = cursor.uint16();
  cursor.bytes(8);
  const short = { compressed: cursor.uint32(), size: cursor.uint32() };
  const [nameBytes, extraBytes, commentBytes] = [cursor.uint16(), cursor.uint16(), cursor.uint16()];
  const disk = cursor.uint16();
  cursor.bytes(6);
  const offset = cursor.uint32();
  const name = utf8.decode(cursor.bytes(nameBytes));
  const extra = cursor.bytes(extraBytes);
  cursor.bytes(commentBytes);
  const wide = wideFields(extra, [short.size, short.compressed, offset], file, name);
  const [size = 0, compressed = 0, begin = 0] = wide;
  if ((flags & ENCRYPTED) !== 0) throw damaged(file, name, 'is encrypted');
  if (disk !== 0) throw damaged(file, name, 'lies in another archive');
  if (method === STORED && size !== compressed) throw damaged(file, name, 'is stored, yet has two sizes');
  if (isPath(name)) throw damaged(file, name, 'is named by a path that leads out of the archive: refused');
  return { name, method, size: compressed, begin };
}

/** Puts the 64-bit numbers of the extra field in the place of those that 32 bits are too few for. */
function wideFields(extra: Uint8Array, fields: readonly number[], file: string, name: string): readonly number[] {
  if (!fields.includes(MAX_UINT32)) return fields;
  const cursor = new ByteCursor(extra);
  while (cursor.position + 4 <= cursor.length) {
    const [id, length] = [cursor.uint16(), cursor.uint16()];
    const end = cursor.position + length;
    if (id === 1) {
      const wide = fields.map((field) => (field === MAX_UINT32 ? cursor.uint64() : field));
      if (cursor.position <= end && wide.every((field) => Number.isSafeInteger(field))) return wide;
      break;
    }
    cursor.bytes(length);
  }
  throw damaged(file, name, 'has no proper 64-bit sizes');
}

function isPath(name: string): boolean {
  return /^\/|^[A-Za-z]:|\\|\0|(^|\/)\.\.(\/|$)/.test(name);
}

function damaged(file: string, entry: string, problem: string): CheckpointError {
  return new CheckpointError(file, `the zip entry ${quoted(entry)} ${problem}`);
}
