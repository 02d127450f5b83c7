import { CheckpointError, listed, quoted } from './checkpoint-error.ts';
import { isSafetensorsDtype } from './dtype.ts';
import { duplicateKey, excessOf } from './json-keys.ts';
import { byteLengthOf, type SafetensorsInfo } from './tensor.ts';

/** Bytes before the header: its length as a little-endian 64-bit number. */
export const PREFIX_BYTES = 8;
/** Longest header that is read: a hostile one must not take much memory. The reference implementation's bound is 100 MB. */
export const MAX_HEADER_BYTES = 8_000_000;
/** Most brackets and commas in a header: enough for 25 000 tensors. */
const MAX_VALUES = 250_000;
/** Deepest nesting that is parsed; a proper header has 3 levels. The bound of the reference implementation. */
const MAX_NESTING = 128;
/** The key of the free-form string pairs, which no tensor may have. */
export const METADATA_KEY = '__metadata__';

/** A file's header: free-form strings, and the tensors in the order of their bytes. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, SafetensorsInfo>;
}

/**
 * Header length out of a file's first bytes.
 *
 * @throws CheckpointError when the file is too short for its header, or the header longer than 8 MB
 */
export function headerLength(prefix: Uint8Array, fileBytes: number, file: string): number {
  if (prefix[0] === 0x50 && prefix[1] === 0x4b) {
    throw new CheckpointError(
      file,
      'this is a zip archive (a PyTorch file?), not safetensors: openCheckpoint reads both',
    );
  }
  if (fileBytes < PREFIX_BYTES) {
    throw new CheckpointError(file, `not a safetensors file: it has ${fileBytes} bytes, and the header length takes 8`);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new CheckpointError(file, `not a safetensors file: a header of ${length} bytes is over the limit of 8 MB`);
  }
  if (PREFIX_BYTES + Number(length) > fileBytes) {
    throw new CheckpointError(file, `truncated: the header takes ${length} bytes, the file has ${fileBytes}`);
  }
  return Number(length);
}

/**
 * Parses and checks a header against every rule of the format.
 *
 * @param bytes the JSON text
 * @param fileBytes size of the whole file
 * @throws CheckpointError naming the file, and the tensor at fault
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number, file: string): SafetensorsHeader {
  const header = parseObject(bytes, file);
  const metadata = parseMetadata(header[METADATA_KEY], file);
  const dataStart = PREFIX_BYTES + bytes.length;
  const infos = Object.entries(header)
    .filter(([name]) => name !== METADATA_KEY)
    .map(([name, value]) => parseTensor(name, value, dataStart, file))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = dataStart;
  for (const info of infos) {
    if (info.begin !== end) {
      const problem = `its bytes begin at ${info.begin - dataStart}, and the tensor before it ends at ${end - dataStart}`;
      throw new CheckpointError(file, problem, { tensor: info.name });
    }
    end = info.end;
  }
  if (end > fileBytes)
    throw new CheckpointError(file, `truncated: the tensors end at byte ${end}, the file at ${fileBytes}`);
  if (end < fileBytes)
    throw new CheckpointError(file, `${fileBytes - end} bytes follow the last tensor: the file is damaged`);
  return { metadata, tensors: new Map(infos.map((info) => [info.name, info])) };
}

function parseObject(bytes: Uint8Array, file: string): Readonly<Record<string, unknown>> {
  if (bytes[0] !== 0x7b) throw new CheckpointError(file, "not a safetensors file: the header does not begin with '{'");
  const text = decodeText(bytes, file);
  const excess = excessOf(text, MAX_NESTING, MAX_VALUES);
  if (excess !== undefined) throw new CheckpointError(file, `the header ${excess}: refused`);
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(file, `the header is not JSON: ${oneLine(String(cause))}`, { cause });
  }
  if (!isRecord(header)) throw new CheckpointError(file, 'the header is not an object');
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new CheckpointError(file, `the header has the key ${quoted(twice)} twice`);
  return header;
}

function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CheckpointError(file, 'the header is not UTF-8', { cause });
  }
}

function parseMetadata(value: unknown, file: string): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (!isRecord(value)) throw new CheckpointError(file, `${METADATA_KEY} is not an object of strings`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw new CheckpointError(file, `${METADATA_KEY} ${quoted(key)} is not a string`);
  }
  return value as Readonly<Record<string, string>>;
}

function parseTensor(name: string, value: unknown, dataStart: number, file: string): SafetensorsInfo {
  const fail = (problem: string) => new CheckpointError(file, problem, { tensor: name });
  if (!isWellFormed(name)) throw fail('its name is not valid Unicode');
  if (!isRecord(value)) throw fail('its entry is not an object');
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') throw fail('it has no dtype');
  if (!isLengths(shape)) throw fail('its shape is not a list of whole numbers below 2^53');
  if (!isLengths(offsets)) throw fail('its data_offsets are not whole numbers below 2^53');
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || offsets.length !== 2 || begin > end) {
    throw fail(`its data_offsets ${listed(offsets)} are not a begin and an end`);
  }
  if (isSafetensorsDtype(dtype)) {
    const bytes = byteLengthOf(shape, dtype);
    if (typeof bytes === 'string') throw fail(bytes);
    if (bytes !== end - begin) {
      throw fail(
        `shape ${listed(shape)} of ${dtype} takes ${bytes} bytes, its range [${begin}, ${end}] has ${end - begin}`,
      );
    }
  }
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLengths(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((length) => Number.isSafeInteger(length) && !Object.is(length, -0) && length >= 0)
  );
}

/** Whether every surrogate of a string has its partner, so that UTF-8 can hold it. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

function oneLine(message: string): string {
  return message.replace(/\s+/g, ' ').slice(0, 200);
}
