import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The file operations that packing is made of, so that tests can let each of them fail. */
export interface FileLayer {
  /** Makes a folder and those above it, where they are not there yet. */
  makeFolder(path: string): Promise<void>;
  /** Names in a folder; none where there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  /** Starts a file, empty, in place of one that is there. */
  create(path: string): Promise<FileWriter>;
  /** Puts a file into the place of another. */
  rename(from: string, to: string): Promise<void>;
  /** Brings the names in a folder to the disk. */
  flushFolder(path: string): Promise<void>;
  /** Removes a file or a folder with all that is in it, where it is there. */
  remove(path: string): Promise<void>;
  /** A whole file; undefined where there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** A file piece by piece; none where there is no such file. */
  readPieces(path: string): AsyncIterable<Uint8Array>;
}

/** A file that is being written. */
export interface FileWriter {
  /** Writes bytes after those before. */
  write(bytes: Uint8Array): Promise<void>;
  /** Brings what was written to the disk. */
  flush(): Promise<void>;
  /** Lets go of it. */
  close(): Promise<void>;
}

const PIECE_BYTES = 1 << 22;

/** The disk. */
export const diskFiles: FileLayer = {
  makeFolder,
  list: (path) => unlessMissing(readdir(path), []),
  async create(path) {
    const handle = await open(path, 'w');
    return {
      async write(bytes) {
        for (let done = 0; done < bytes.length;) {
          done += (await handle.write(bytes, done)).bytesWritten;
        }
      },
      flush: () => handle.sync(),
      close: () => handle.close(),
    };
  },
  rename,
  async flushFolder(path) {
    // Windows has no handles of folders; its renames need none.
    if (process.platform === 'win32') return;
    const handle = await open(path, 'r');
    await handle.sync().finally(() => handle.close());
  },
  remove: (path) => rm(path, { recursive: true, force: true }),
  read: (path) => unlessMissing(readFile(path), undefined),
  async *readPieces(path) {
    const handle = await unlessMissing(open(path, 'r'), undefined);
    if (handle === undefined) return;
    try {
      const piece = new Uint8Array(PIECE_BYTES);
      for (;;) {
        const { bytesRead } = await handle.read(piece);
        if (bytesRead === 0) return;
        yield piece.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  },
};

/** Node's own recursive call never ends where the system refuses a folder as if one above it were missing. */
async function makeFolder(path: string): Promise<void> {
  const isMade = await mkdir(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return true;
      if (error.code !== 'ENOENT' || dirname(path) === path) throw error;
      return false;
    },
  );
  if (isMade) return;
  await makeFolder(dirname(path));
  await mkdir(path);
}

async function unlessMissing<T, U>(found: Promise<T>, otherwise: U): Promise<T | U> {
  return found.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return otherwise;
    throw error;
  });
}

/** Writes a file so that under its name there is all of it or nothing: beside it first, then by a rename. */
export async function writeWhole(files: FileLayer, path: string, draft: string, bytes: Uint8Array): Promise<void> {
  const writer = await files.create(draft);
  try {
    await writer.write(bytes);
    await writer.flush();
  } finally {
    await writer.close();
  }
  await files.rename(draft, path);
}
