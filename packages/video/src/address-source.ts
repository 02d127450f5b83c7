import { UrlSource } from 'mediabunny';

/** Tries of a failed request before it is an error, and the pause between them. */
const MAX_RETRIES = 2;
const RETRY_DELAY_SECONDS = 0.5;

/** True for http(s) addresses. */
export function isAddress(source: string | URL): boolean {
  return /^https?:/i.test(String(source));
}

/** Reads a video over the network in ranges; gives up after a few failures instead of retrying for ever. */
export function addressSource(address: string | URL): UrlSource {
  return new UrlSource(address, {
    getRetryDelay: (attempts) => (attempts < MAX_RETRIES ? RETRY_DELAY_SECONDS : null),
    handleUnhandledError: () => undefined,
  });
}
