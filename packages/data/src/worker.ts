import { serveClips, type FromWorker, type ToWorker } from './worker-protocol.ts';

/** The part of a worker's global scope that is used; the DOM types describe a window's. */
interface DedicatedScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer: readonly ArrayBuffer[]): void;
  close(): void;
}

const scope = globalThis as unknown as DedicatedScope;

serveClips({
  listen: (onMessage) => {
    scope.onmessage = ({ data }) => onMessage(data);
  },
  post: (message, transfer) => scope.postMessage(message, transfer),
  close: () => scope.close(),
});
