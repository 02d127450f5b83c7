import { VideoError, type VideoErrorKind } from '@umt/video';
import type { ClipOptions } from './clip-options.ts';
import type { ClipRequest } from './clip-plan.ts';
import { ClipReader } from './clip-reader.ts';
import { DataWorkerError } from './data-error.ts';

/** To a worker: its options, once and first; then samples to make; then that it is over. */
export type ToWorker =
  | { readonly type: 'configure'; readonly options: ClipOptions }
  | { readonly type: 'load'; readonly id: number; readonly request: ClipRequest }
  | { readonly type: 'close' };

/** From a worker: a sample, whose buffer changes hands, or why there is none. */
export type FromWorker =
  { readonly id: number; readonly video: Float32Array } | { readonly id: number; readonly error: PortableError };

/** An error as plain data: classes do not pass between threads. */
export interface PortableError {
  readonly message: string;
  /** Of a VideoError; undefined for every other error. */
  readonly kind: VideoErrorKind | undefined;
}

/** The worker's side: how it hears and speaks. */
export interface WorkerScope {
  /** Calls back with each message of the pool. */
  listen(onMessage: (message: ToWorker) => void): void;
  /** Answers the pool; what is transferred is gone here. */
  post(message: FromWorker, transfer: readonly ArrayBuffer[]): void;
  /** Lets the worker end. */
  close(): void;
}

/** Runs in a worker: makes the samples it is asked for, one after the other, and ends between two of them. */
export function serveClips(scope: WorkerScope, createReader = (options: ClipOptions) => new ClipReader(options)): void {
  let reader: ClipReader | undefined;
  let last = Promise.resolve();
  let isClosed = false;
  scope.listen((message) => {
    if (message.type === 'close') {
      isClosed = true;
      last = last.then(() => scope.close());
      return;
    }
    if (message.type === 'configure') {
      reader = createReader(message.options);
      return;
    }
    const { id, request } = message;
    last = last.then(async () => {
      if (isClosed) return;
      try {
        if (reader === undefined) throw new Error('the worker was not configured');
        const video = await reader.read(request);
        scope.post({ id, video }, [video.buffer as ArrayBuffer]);
      } catch (error) {
        scope.post({ id, error: portable(error) }, []);
      }
    });
  });
}

function portable(error: unknown): PortableError {
  if (error instanceof VideoError) return { message: error.message, kind: error.kind };
  return { message: error instanceof Error ? error.message : String(error), kind: undefined };
}

/** The error that a worker sent, as an error of this thread. */
export function revive({ message, kind }: PortableError): Error {
  return kind === undefined ? new DataWorkerError(`a data worker failed: ${message}`) : new VideoError(kind, message);
}
