import { UrlSource } from 'mediabunny';
import { messageOf, VideoError } from './video-error.ts';

/** Tries of a failed request, and the pause between them. */
const MAX_ATTEMPTS = 3;
const RETRY_DELAY_MS = 500;

/** True for http(s) addresses. */
export function isAddress(source: string | URL): boolean {
  return /^https?:/i.test(String(source));
}

/**
 * Reads a video over the network in ranges.
 * Reads reject with a VideoError of kind 'not-found' when the server refuses, or when it cannot be reached three times.
 *
 * @param name the source, for messages.
 */
export function addressSource(address: string | URL, name: string): UrlSource {
  return new UrlSource(address, {
    fetchFn: (input, init) => fetchOrThrow(input, init, name),
    // Retrying is done here: the source's own retries never end and write to the console.
    getRetryDelay: () => null,
    handleUnhandledError: () => undefined,
  });
}

/**
 * Fetches, three times where the server cannot be reached.
 *
 * @param name the source, for messages.
 * @throws {VideoError} of kind 'not-found' when the server refuses or stays out of reach.
 */
export async function fetchOrThrow(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  name: string,
): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(input, init);
      if (response.ok) return response;
      await response.body?.cancel();
      throw new VideoError('not-found', `${name} cannot be fetched: the server answered ${response.status}`);
    } catch (error) {
      if (error instanceof VideoError) throw error;
      if (attempt === MAX_ATTEMPTS || init?.signal?.aborted === true) {
        throw new VideoError('not-found', `${name} cannot be fetched: ${messageOf(error)}`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
    }
  }
}
