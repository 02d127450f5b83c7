import { open, type FileHandle } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CheckpointError } from './checkpoint-error.ts';
import { byteSource as sourceAnywhere, openBytes, type CheckpointOptions, type CheckpointSource } from './open.ts';
import { SafetensorsFile } from './safetensors-file.ts';
import type { ByteSource } from './source.ts';
import type { TensorFile } from './tensor-file.ts';

/** Opens a checkpoint of any format lazily; in Node a string or `file:` URL is a path, read by ranges. */
export async function openCheckpoint(source: CheckpointSource, options: CheckpointOptions = {}): Promise<TensorFile> {
  return openBytes(await byteSource(source), options);
}

/** Opens a safetensors file lazily; in Node a string or `file:` URL is a path, read by ranges. */
export async function openSafetensors(source: CheckpointSource): Promise<SafetensorsFile> {
  return SafetensorsFile.open(await byteSource(source));
}

async function byteSource(source: CheckpointSource): Promise<ByteSource> {
  if (source instanceof URL && source.protocol === 'file:') return fileSource(fileURLToPath(source));
  if (typeof source !== 'string') return sourceAnywhere(source);
  return /^https?:\/\//.test(source) ? sourceAnywhere(new URL(source)) : fileSource(source);
}

/** Largest single read that every platform takes. */
const MAX_READ_BYTES = 1 << 30;

async function fileSource(path: string): Promise<ByteSource> {
  try {
    const handle = await open(path, 'r');
    const stat = await handle.stat();
    if (!stat.isFile()) {
      await handle.close();
      throw new CheckpointError(path, 'not a file');
    }
    return {
      name: path,
      byteLength: stat.size,
      read: (begin, end) => readRange(handle, path, begin, end),
      close: () => handle.close(),
    };
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CheckpointError(path, missing ? 'there is no such file' : `cannot be opened: ${String(cause)}`, {
      cause,
    });
  }
}

async function readRange(handle: FileHandle, path: string, begin: number, end: number): Promise<Uint8Array> {
  const bytes = allocate(path, end - begin);
  for (let done = 0; done < bytes.length;) {
    const length = Math.min(bytes.length - done, MAX_READ_BYTES);
    const { bytesRead } = await handle.read(bytes, done, length, begin + done).catch((cause: unknown) => {
      throw new CheckpointError(path, `cannot be read: ${String(cause)}`, { cause });
    });
    if (bytesRead === 0) throw new CheckpointError(path, `the file ended at byte ${begin + done} while it was read`);
    done += bytesRead;
  }
  return bytes;
}

function allocate(path: string, length: number): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new CheckpointError(path, `${length} bytes of it cannot be held in memory at once`, { cause });
  }
}
