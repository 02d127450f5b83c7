import { CheckpointError } from './checkpoint-error.ts';
import { SafetensorsFile } from './safetensors-file.ts';
import { blobSource, bytesSource, urlSource, type ByteSource } from './source.ts';

/** Where a checkpoint can be read from. A string is a path in Node (or an http address) and an address in browsers. */
export type CheckpointSource = string | URL | Blob | Uint8Array | ByteSource;

/**
 * Opens a safetensors file lazily: the header is read and checked now, tensors when asked for.
 *
 * @throws CheckpointError naming the file, and the tensor at fault
 */
export async function openSafetensors(source: CheckpointSource): Promise<SafetensorsFile> {
  return SafetensorsFile.open(await byteSource(source));
}

async function byteSource(source: CheckpointSource): Promise<ByteSource> {
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
