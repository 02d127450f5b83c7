import { CheckpointError, listed, quoted } from './checkpoint-error.ts';
import { arrayClass, dtypeRank, isSafetensorsDtype } from './dtype.ts';
import { isWellFormed, MAX_HEADER_BYTES, METADATA_KEY, PREFIX_BYTES } from './header.ts';
import { byteLengthOf, bytesOf, type CheckpointTensor, type TensorCollection } from './tensor.ts';

/** A tensor whose elements are fetched when they are written. */
export interface LazyTensor extends Pick<CheckpointTensor, 'dtype' | 'shape'> {
  /** Its elements in row-major order, in the typed array of its dtype: see {@link CheckpointTensor}. Called once. */
  readonly read: () => Promise<CheckpointTensor['data']>;
}

/** A safetensors file that is made while it is written. */
export interface SafetensorsStream {
  /** Size of the whole file. */
  readonly byteLength: number;
  /**
   * The bytes in order: the header, then a piece for each tensor, read when it is asked for. Once.
   * @throws CheckpointError naming a tensor whose data is not what was announced
   */
  pieces(): AsyncGenerator<Uint8Array, void, undefined>;
}

/**
 * A whole safetensors file in memory. The bytes depend on the content alone: tensors lie in the reference
 * implementation's order (wider dtypes first, then by name), metadata keys are sorted, and the header is padded with
 * spaces so that the data begins at a multiple of 8.
 *
 * @throws CheckpointError naming a tensor whose shape, dtype and data disagree
 */
export function writeSafetensors(
  tensors: TensorCollection,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const chunks = fileChunks('safetensors', tensors, metadata);
  const file = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    file.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return file;
}

/**
 * A safetensors file that never is in memory as a whole: the same bytes as `writeSafetensors` gives, a tensor at a time.
 *
 * @throws CheckpointError naming a tensor that the format cannot hold
 */
export function streamSafetensors(
  tensors: ReadonlyMap<string, LazyTensor>,
  metadata: Readonly<Record<string, string>> = {},
): SafetensorsStream {
  const file = 'safetensors';
  const entries = [...tensors];
  for (const [name, tensor] of entries) checkPlan(file, name, tensor);
  inFileOrder(file, entries);
  const header = encodeHeader(file, entries, metadata);
  return {
    byteLength: entries.reduce((total, [, tensor]) => total + plannedBytes(tensor), header.byteLength),
    async *pieces() {
      yield header;
      for (const [name, { dtype, shape, read }] of entries) {
        const tensor = { dtype, shape, data: await read() } as CheckpointTensor; // checked in the next line
        checkTensor(file, name, tensor);
        yield bytesOf(tensor);
      }
    },
  };
}

/**
 * The bytes of a safetensors file as its header and one view per tensor, in order and without copies.
 *
 * @param file what messages call the file
 */
export function fileChunks(
  file: string,
  tensors: TensorCollection,
  metadata: Readonly<Record<string, string>>,
): readonly Uint8Array[] {
  const entries = checkedEntries(file, tensors);
  inFileOrder(file, entries);
  return [encodeHeader(file, entries, metadata), ...entries.map(([, tensor]) => bytesOf(tensor))];
}

/**
 * Tensors to be written, in the order in which they were given.
 *
 * @throws CheckpointError naming one whose name is not Unicode, or whose shape, dtype and data disagree
 */
export function checkedEntries(file: string, tensors: TensorCollection): [string, CheckpointTensor][] {
  const entries = (tensors instanceof Map ? [...tensors] : Object.entries(tensors)) as [string, CheckpointTensor][];
  for (const [name, tensor] of entries) checkTensor(file, name, tensor);
  return entries;
}

/** What a header says of a tensor. */
type TensorPlan = Pick<CheckpointTensor, 'dtype' | 'shape'>;

/** Sorts tensors as they lie in a file. */
function inFileOrder(file: string, entries: [string, TensorPlan][]): void {
  if (entries.some(([name]) => name === METADATA_KEY)) {
    throw new CheckpointError(file, 'the format keeps this name for itself', { tensor: METADATA_KEY });
  }
  entries.sort(([a, left], [b, right]) => dtypeRank(left.dtype) - dtypeRank(right.dtype) || compareUtf8(a, b));
}

function encodeHeader(
  file: string,
  entries: readonly (readonly [string, TensorPlan])[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const fields: string[] = [];
  const keys = Object.keys(metadata).sort(compareUtf8);
  if (keys.length > 0) {
    const pairs = keys.map((key) => `${encodeText(file, key)}:${encodeText(file, metadata[key])}`);
    fields.push(`"${METADATA_KEY}":{${pairs.join(',')}}`);
  }
  let begin = 0;
  for (const [name, { dtype, shape }] of entries) {
    const end = begin + plannedBytes({ dtype, shape });
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
    begin = end;
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > MAX_HEADER_BYTES)
    throw new CheckpointError(file, `a header of ${length} bytes is over the limit of 8 MB`);
  const header = new Uint8Array(PREFIX_BYTES + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, PREFIX_BYTES);
  return header;
}

function encodeText(file: string, text: unknown): string {
  if (typeof text === 'string' && isWellFormed(text)) return JSON.stringify(text);
  throw new CheckpointError(file, `metadata takes strings of valid Unicode, got ${quoted(String(text))}`);
}

function checkTensor(file: string, name: string, { dtype, shape, data }: CheckpointTensor): void {
  checkPlan(file, name, { dtype, shape });
  const wanted = arrayClass(dtype);
  if (!(data instanceof wanted)) throw new CheckpointError(file, `${dtype} takes a ${wanted.name}`, { tensor: name });
  const bytes = plannedBytes({ dtype, shape });
  if (bytes !== data.byteLength) {
    const problem = `shape ${listed(shape)} of ${dtype} takes ${bytes} bytes, its data has ${data.byteLength}`;
    throw new CheckpointError(file, problem, { tensor: name });
  }
}

function checkPlan(file: string, name: string, { dtype, shape }: TensorPlan): void {
  const fail = (problem: string) => new CheckpointError(file, problem, { tensor: name });
  if (!isWellFormed(name)) throw fail('its name is not valid Unicode');
  if (!isSafetensorsDtype(dtype)) throw fail(`dtype ${quoted(String(dtype))} is unknown`);
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
    throw fail(`shape ${listed(shape)} is not a list of whole numbers`);
  }
  const bytes = byteLengthOf(shape, dtype);
  if (typeof bytes === 'string') throw fail(bytes);
}

/** Bytes of a tensor whose plan was checked. */
function plannedBytes({ shape, dtype }: TensorPlan): number {
  return Number(byteLengthOf(shape, dtype));
}

/** Order of the UTF-8 bytes, which is that of the code points; `<` on strings goes by UTF-16 units. */
function compareUtf8(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length;) {
    const left = a.codePointAt(i) ?? 0;
    const right = b.codePointAt(i) ?? 0;
    if (left !== right) return left - right;
    i += left > 0xffff ? 2 : 1;
  }
  return a.length - b.length;
}
