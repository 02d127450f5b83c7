import { ManifestError } from './data-error.ts';
import type { RandomAccessFile } from './parquet-records.ts';

/** Where the bytes of a list come from. */
export interface ManifestSource {
  /** What messages call it; its extension tells the format. */
  readonly name: string;
  /** All of it. @throws ManifestError when it cannot be read */
  text(): Promise<string>;
  /** For reading parts of it. Rejects when it is not there. */
  open(): Promise<RandomAccessFile>;
}

/** A list at an http address, read by ranges where the server knows them. */
export function addressSource(address: string): ManifestSource {
  return {
    name: address,
    async text() {
      try {
        const response = await fetch(address);
        if (!response.ok) throw new Error(`the server answered ${response.status}`);
        return await response.text();
      } catch (cause) {
        throw new ManifestError(address, undefined, `cannot be read: ${String(cause)}`, { cause });
      }
    },
    async open() {
      const { asyncBufferFromUrl } = await import('hyparquet');
      const { byteLength, slice } = await asyncBufferFromUrl({ url: address });
      return { byteLength, slice: async (start, end) => slice(start, end) };
    },
  };
}

/** A file that the user picked, or bytes in memory. */
export function blobSource(blob: Blob): ManifestSource {
  return {
    name: 'name' in blob && typeof blob.name === 'string' ? blob.name : 'manifest',
    text: () => blob.text(),
    open: () => Promise.resolve({ byteLength: blob.size, slice: (start, end) => blob.slice(start, end).arrayBuffer() }),
  };
}
