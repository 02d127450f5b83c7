import { ShardSourceError } from './shard-error.ts';
import { Gate } from '../gate.ts';
import { fetchBytes } from './fetch-bytes.ts';
import { placeOf, type ShardStore } from './shard-store.ts';

/** How patient reading over the network is. */
export interface HttpStoreOptions {
  /** Milliseconds without a byte after which a request counts as stalled. Default 20000. */
  readonly stallMs?: number;
  /** Tries of one read before it is an error; what broken ones have brought is kept. Default 5. */
  readonly attempts?: number;
  /** Milliseconds before the second try; doubled for each further one, up to 8 seconds. Default 500. */
  readonly retryDelayMs?: number;
  /** Requests under way at a time. Default 6. */
  readonly concurrency?: number;
}

const LONGEST_DELAY_MS = 8000;

/** A part of a file; the whole of it where there is no range. */
interface Part {
  readonly file: string;
  readonly range?: { readonly offset: number; readonly bytes: number };
}

/**
 * Files below an http(s) address, read with range requests, in Node and in browsers. A request that stalls, breaks off or is
 * answered by 408, 425, 429 or 5xx is made again after a pause that doubles, from the byte where it broke off. A file that
 * changes while it is read (another size or entity tag) is an error.
 */
export function httpStore(address: string, options: HttpStoreOptions = {}): ShardStore {
  return new HttpStore(address, options);
}

class HttpStore implements ShardStore {
  readonly name: string;
  readonly #options: Required<HttpStoreOptions>;
  readonly #gate: Gate;
  /** Of each file, what it was when it was first read. */
  readonly #versions = new Map<string, string>();

  constructor(address: string, options: HttpStoreOptions) {
    const { stallMs = 20_000, attempts = 5, retryDelayMs = 500, concurrency = 6 } = options;
    this.name = address.replace(/[?#].*$/, '');
    this.#options = { stallMs, attempts, retryDelayMs, concurrency };
    this.#gate = new Gate(concurrency);
  }

  async read(file: string, offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    if (bytes === 0) return new Uint8Array();
    return this.#gate.run(() => this.#fetch({ file, range: { offset, bytes } }));
  }

  async readText(file: string): Promise<string> {
    return new TextDecoder().decode(await this.#gate.run(() => this.#fetch({ file })));
  }

  async #fetch({ file, range }: Part): Promise<Uint8Array<ArrayBuffer>> {
    const { attempts, stallMs, retryDelayMs } = this.#options;
    const url = placeOf(this, file);
    let chunks: Uint8Array[] = [];
    let done = 0;
    for (let attempt = 1; ; attempt++) {
      const { problem, version } = await fetchBytes(url, {
        ...(range && { first: range.offset + done, last: range.offset + range.bytes - 1 }),
        stallMs,
        take: (chunk) => {
          chunks.push(chunk);
          done += chunk.length;
        },
      });
      this.#checkVersion(url, version);
      if (problem === undefined) return joined(chunks, done);
      if (!range) {
        chunks = [];
        done = 0;
      }
      if (attempt === attempts) {
        const where = range ? ` at byte ${range.offset + done}` : '';
        throw new ShardSourceError(
          `${url}: it cannot be read on${where} after ${attempts} attempts, the last: ${problem}; check the server and the network`,
        );
      }
      const pause = Math.min(LONGEST_DELAY_MS, retryDelayMs * 2 ** (attempt - 1));
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  #checkVersion(url: string, version: string | undefined): void {
    if (version === undefined) return;
    const known = this.#versions.get(url);
    if (known === undefined) this.#versions.set(url, version);
    else if (known !== version) {
      throw new ShardSourceError(`${url}: it changed while it was being read (${known}, now ${version}): start again`);
    }
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
