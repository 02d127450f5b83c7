import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CheckpointError } from './checkpoint-error.ts';
import { pytorchChunks, type PytorchOptions } from './pytorch/write.ts';
import type { TensorCollection } from './tensor.ts';
import { fileChunks } from './write.ts';

/** Writes a safetensors file to disk: temporary file, flush, rename. See the browser-safe declaration for the contract. */
export async function saveSafetensors(
  path: string,
  tensors: TensorCollection,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await replaceFile(path, fileChunks(path, tensors, metadata));
}

/** Writes a PyTorch file to disk: temporary file, flush, rename. See the browser-safe declaration for the contract. */
export async function savePytorch(
  path: string,
  tensors: TensorCollection,
  options: PytorchOptions = {},
): Promise<void> {
  await replaceFile(path, pytorchChunks(path, tensors, options));
}

async function replaceFile(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFlushed(temporary, chunks);
    await rename(temporary, path);
    await flushFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new CheckpointError(path, `cannot be written: ${reason(path, cause)}`, { cause });
  }
}

/** What is wrong with the path that was asked for; the system's own message names the temporary file. */
function reason(path: string, cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return `there is no folder ${dirname(path)} (ENOENT)`;
  if (code === 'EISDIR') return 'it is a folder (EISDIR)';
  return String(cause);
}

async function writeFlushed(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    for (const chunk of chunks) {
      for (let done = 0; done < chunk.length;) {
        done += (await handle.write(chunk, done, Math.min(chunk.length - done, 1 << 30))).bytesWritten;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A rename is on the disk once its folder is. Windows does not open folders and needs no flush. */
async function flushFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
