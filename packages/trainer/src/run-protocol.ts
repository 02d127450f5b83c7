import type { AnyEvent } from './events.ts';

/** What the main thread sends to a worker. */
export type ToWorker = { readonly type: 'start'; readonly config: unknown } | { readonly type: 'stop' };

/** What a worker sends to the main thread. `ready` comes first and once: nothing is sent to a worker before it listens. */
export type FromWorker =
  | {
      readonly type: 'ready';
      /** Name of a lock that is held as long as the worker lives, where the platform has locks. */
      readonly lock: string | null;
    }
  | { readonly type: 'event'; readonly event: AnyEvent }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly name: string; readonly message: string; readonly stack: string | undefined };

/** The main thread's end of a worker. */
export interface WorkerPort {
  /** Sends a message to the worker. */
  post(message: ToWorker): void;
  /** @param onDeath told in words that complete "the worker died: ..." */
  listen(onMessage: (message: FromWorker) => void, onDeath: (reason: string) => void): void;
  /** Lets a worker that has answered end by itself, and ends it if it does not. */
  retire(): void;
  /** Ends the worker, whatever it does. */
  terminate(): Promise<void>;
}

/** The worker's own end. */
export interface ParentPort {
  /** Sends a message to whoever started the worker. */
  post(message: FromWorker): void;
  /** Calls back with each message to the worker. */
  listen(onMessage: (message: ToWorker) => void): void;
  /** Stops listening, so that a worker with nothing left to do can end. */
  close(): void;
}
