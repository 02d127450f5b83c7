import { CheckpointError } from './checkpoint-error.ts';

/** Random access to the bytes of a file, wherever it lies. */
export interface ByteSource {
  /** What messages call the file. */
  readonly name: string;
  /** Size in bytes. */
  readonly byteLength: number;
  /** The bytes in [begin, end). The caller may keep them; they may be a view of shared memory. */
  read(begin: number, end: number): Promise<Uint8Array>;
  /** Lets the file go. */
  close(): Promise<void>;
}

/** Bytes in memory. Reads are views, not copies. */
export function bytesSource(bytes: Uint8Array, name = 'bytes in memory'): ByteSource {
  return {
    name,
    byteLength: bytes.byteLength,
    read: (begin, end) => Promise.resolve(bytes.subarray(begin, end)),
    close: () => Promise.resolve(),
  };
}

/** A Blob or File. */
export function blobSource(blob: Blob): ByteSource {
  const name = 'name' in blob && typeof blob.name === 'string' ? blob.name : 'blob';
  return {
    name,
    byteLength: blob.size,
    read: async (begin, end) => new Uint8Array(await blob.slice(begin, end).arrayBuffer()),
    close: () => Promise.resolve(),
  };
}

/** Enough for the headers of most models, so that opening one takes a single request. */
const FIRST_REQUEST_BYTES = 65_536;

/**
 * A file on a server, read by range requests. A server that does not know ranges sends the whole file once.
 *
 * @throws CheckpointError when the server cannot be reached, refuses, or the file changes between two requests
 */
export async function urlSource(url: URL): Promise<ByteSource> {
  const name = url.href;
  const first = await request(url, 0, FIRST_REQUEST_BYTES);
  const head = new Uint8Array(await first.arrayBuffer());
  if (first.status === 200) return bytesSource(head, name);
  const range = /^bytes 0-(\d+)\/(\d+)$/.exec(first.headers.get('content-range') ?? '');
  if (range === null || Number(range[1]) + 1 !== head.length) {
    throw new CheckpointError(name, 'the server answered a range request without saying which bytes it sent');
  }
  const tag = first.headers.get('etag');
  return {
    name,
    byteLength: Number(range[2]),
    async read(begin, end) {
      if (end <= head.length) return head.subarray(begin, end);
      const response = await request(url, begin, end);
      if (response.headers.get('etag') !== tag) throw new CheckpointError(name, 'the file changed while it was read');
      const body = new Uint8Array(await response.arrayBuffer());
      const bytes = response.status === 200 ? body.subarray(begin, end) : body;
      if (bytes.length !== end - begin) {
        throw new CheckpointError(name, `asked for bytes ${begin} to ${end}, the server sent ${bytes.length}`);
      }
      return bytes;
    },
    close: () => Promise.resolve(),
  };
}

async function request(url: URL, begin: number, end: number): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers: { Range: `bytes=${begin}-${end - 1}` } });
  } catch (cause) {
    throw new CheckpointError(url.href, `cannot be fetched: ${String(cause)}`, { cause });
  }
  if (!response.ok)
    throw new CheckpointError(url.href, `the server answered ${response.status} ${response.statusText}`);
  return response;
}
