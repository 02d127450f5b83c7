import { closeSync, openSync, read } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { VideoError } from '@umt/video';
import { ShardSourceError } from './shard-error.ts';
import type { ShardStore } from './shard-store.ts';

const readInto = promisify(read);

/**
 * Files in a folder. A file is open only while it is read: samples are read in one piece, so little is gained by holding
 * files open, and nothing has to be closed. (Opening is done at once: a trip to another thread takes far longer.)
 *
 * @param folder a path or a `file:` address
 */
export function fileStore(folder: string): ShardStore {
  const name = folder.startsWith('file:') ? fileURLToPath(folder) : folder;
  return {
    name,
    async read(file, offset, bytes) {
      const path = join(name, file);
      try {
        return await readRange(path, offset, bytes);
      } catch (cause) {
        throw errorOf(cause, path, offset);
      }
    },
    async readText(file) {
      const path = join(name, file);
      return readFile(path, 'utf8').catch((cause: unknown) => {
        throw errorOf(cause, path, 0);
      });
    },
  };
}

async function readRange(path: string, offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(bytes);
  const file = openSync(path, 'r');
  try {
    for (let done = 0; done < bytes;) {
      const { bytesRead } = await readInto(file, out, done, bytes - done, offset + done);
      if (bytesRead === 0) {
        throw new VideoError(
          'undecodable',
          `${path} ends at byte ${offset + done}, before byte ${offset + bytes}: it was cut off; copy it again`,
        );
      }
      done += bytesRead;
    }
  } finally {
    closeSync(file);
  }
  return out;
}

/** A missing file is the fault of its samples; a disk or a network folder that fails ends the run. */
function errorOf(cause: unknown, path: string, offset: number): Error {
  if (cause instanceof VideoError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new VideoError('not-found', `${path} does not exist: copy it again`, { cause });
  }
  return new ShardSourceError(`${path}: it cannot be read at byte ${offset}: ${message}`, { cause });
}
