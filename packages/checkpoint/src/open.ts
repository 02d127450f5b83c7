import { CheckpointError } from './checkpoint-error.ts';
import { isPytorchLegacy, openPytorchLegacy } from './pytorch/legacy-file.ts';
import { openPytorchZip } from './pytorch/zip-file.ts';
import { SafetensorsFile } from './safetensors-file.ts';
import { blobSource, bytesSource, urlSource, type ByteSource } from './source.ts';
import type { TensorFile } from './tensor-file.ts';

/** Where a checkpoint can be read from. A string is a path in Node (or an http address) and an address in browsers. */
export type CheckpointSource = string | URL | Blob | Uint8Array | ByteSource;

/** How to open a checkpoint. */
export interface CheckpointOptions {
  /**
   * The key of a PyTorch file's top level that the tensors stand under, empty for the top level itself. By default the
   * first of `model`, `module` and `state_dict` that holds tensors, else the top level (reference behaviour).
   */
  readonly dictionary?: string;
}

/**
 * Opens a checkpoint lazily, whatever its format: safetensors, PyTorch's (zip or legacy) or TorchScript, told apart by
 * their bytes. What it holds is read and checked now, tensors when asked for. Nothing in a file is ever executed.
 *
 * @throws CheckpointError naming the file, and the tensor at fault
 */
export async function openCheckpoint(source: CheckpointSource, options: CheckpointOptions = {}): Promise<TensorFile> {
  return openBytes(await byteSource(source), options);
}

/**
 * Opens a safetensors file lazily: the header is read and checked now, tensors when asked for.
 *
 * @throws CheckpointError naming the file, and the tensor at fault
 */
export async function openSafetensors(source: CheckpointSource): Promise<SafetensorsFile> {
  return SafetensorsFile.open(await byteSource(source));
}

/** Opens a checkpoint by its bytes; closes the source when it is bad. */
export async function openBytes(source: ByteSource, { dictionary }: CheckpointOptions): Promise<TensorFile> {
  try {
    const head = await source.read(0, Math.min(source.byteLength, 64));
    if (head[0] === 0x50 && head[1] === 0x4b) return await openPytorchZip(source, dictionary);
    if (isPytorchLegacy(head)) return await openPytorchLegacy(source, dictionary);
    if (head[8] !== 0x7b) throw new CheckpointError(source.name, 'neither a safetensors file nor one of PyTorch');
    if (dictionary) throw new CheckpointError(source.name, 'a safetensors file has no dictionaries to choose from');
  } catch (error) {
    await source.close();
    throw error;
  }
  return SafetensorsFile.open(source);
}

/** The bytes of a source, anywhere but on a disk. */
export async function byteSource(source: CheckpointSource): Promise<ByteSource> {
  if (source instanceof Uint8Array) return bytesSource(source);
  if (source instanceof Blob) return blobSource(source);
  if (source instanceof URL) return urlSource(source);
  if (typeof source === 'string') return urlSource(addressOf(source));
  return source;
}

function addressOf(text: string): URL {
  const base = typeof location === 'undefined' ? undefined : location.href;
  try {
    return new URL(text, base);
  } catch (cause) {
    throw new CheckpointError(text, 'not an address; a path on disk can be opened in Node only', { cause });
  }
}
