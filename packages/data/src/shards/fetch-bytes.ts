import { VideoError } from '@umt/video';
import { ShardSourceError } from './shard-error.ts';

/** One request for bytes, and who takes them as they come. */
export interface FetchBytesOptions {
  /** First and last byte wanted; both undefined for the whole file. */
  readonly first?: number;
  readonly last?: number;
  /** Milliseconds without a byte after which the request is given up. */
  readonly stallMs: number;
  readonly take: (chunk: Uint8Array) => void;
}

/** What came of a request. */
export interface FetchedBytes {
  /** What to try again for; undefined when all bytes came. */
  readonly problem?: string;
  /** Size and entity tag of a file of which a range was read, as far as the server tells. */
  readonly version?: string;
}

/** Answers that may be better the next time: time-out, too early, too many requests; and every 5xx. */
const PASSING = new Set([408, 425, 429]);

/**
 * Makes one request.
 *
 * @throws VideoError of kind 'not-found' when the server refuses, 'undecodable' when the file ends before the range;
 *   ShardSourceError when the server gives other bytes than those asked for
 */
export async function fetchBytes(url: string, options: FetchBytesOptions): Promise<FetchedBytes> {
  const { first, last, stallMs, take } = options;
  const controller = new AbortController();
  let isStalled = false;
  const stall = () => {
    isStalled = true;
    controller.abort();
  };
  let timer = setTimeout(stall, stallMs);
  let version: string | undefined;
  const broken = (problem: string): FetchedBytes => ({ problem, ...(version === undefined ? {} : { version }) });
  try {
    const range = first === undefined ? {} : { headers: { range: `bytes=${first}-${last}` } };
    const response = await fetch(url, { ...range, signal: controller.signal });
    const { status, headers } = response;
    if (!response.ok) {
      void response.body?.cancel().catch(() => undefined);
      if (status >= 500 || PASSING.has(status)) return broken(`the server answered ${status}`);
      if (status === 416) {
        throw new VideoError('undecodable', `${url} ends before byte ${first}: it was cut off; copy it again`);
      }
      throw new VideoError('not-found', `${url} cannot be fetched: the server answered ${status}`);
    }
    let missing = Infinity;
    if (first !== undefined && last !== undefined) {
      missing = last - first + 1;
      version = checkRange(url, { status, headers, first, last });
    }
    for (const reader = response.body?.getReader(); reader;) {
      const { done, value } = await reader.read();
      if (done) break;
      clearTimeout(timer);
      timer = setTimeout(stall, stallMs);
      missing -= value.length;
      if (missing < 0) throw new ShardSourceError(`${url}: the server sent more than the range ${first}-${last} has`);
      take(value);
    }
    if (missing > 0 && missing !== Infinity) return broken(`it broke off ${missing} bytes early`);
    return version === undefined ? {} : { version };
  } catch (error) {
    if (error instanceof VideoError || error instanceof ShardSourceError) throw error;
    return broken(isStalled ? `nothing came for ${stallMs / 1000} s` : reasonOf(error));
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}

/**
 * Checks that an answer is the range that was asked for; servers may keep its headers from pages of other origins.
 *
 * @returns what tells this version of the file from others
 */
function checkRange(
  url: string,
  answer: { readonly status: number; readonly headers: Headers; readonly first: number; readonly last: number },
): string | undefined {
  const { status, headers, first, last } = answer;
  if (status !== 206) {
    throw new ShardSourceError(
      `${url}: the server answered ${status} to a request for a range, not 206: use a server that knows range requests`,
    );
  }
  const [, from, to, size] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
  if (from === undefined) return headers.get('etag') ?? undefined;
  if (Number(to) < last && Number(size) === Number(to) + 1) {
    throw new VideoError(
      'undecodable',
      `${url} ends at byte ${size}, before byte ${last}: it was cut off; copy it again`,
    );
  }
  if (Number(from) !== first || Number(to) > last) {
    throw new ShardSourceError(`${url}: the server sent bytes ${from}-${to} where ${first}-${last} were asked for`);
  }
  return `${size} bytes ${headers.get('etag') ?? ''}`.trim();
}

/** What `fetch` says, and what it hides in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const { code } = cause as Error & { readonly code?: unknown };
  return cause.message || String(code ?? error.message);
}
