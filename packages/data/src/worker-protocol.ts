import { VideoError, type VideoErrorKind } from '@umt/video';
import type { ClipOptions } from './clip-options.ts';
import type { ClipRequest } from './clip-plan.ts';
import { ClipReader } from './clip-reader.ts';
import { DataWorkerError } from './data-error.ts';

/** To a worker: its options, once and first; then samples to make, or to leave to another; then that it is over. */
export type ToWorker =
  | { readonly type: 'configure'; readonly options: ClipOptions }
  | {
      readonly type: 'load';
      readonly id: number;
      readonly request: ClipRequest;
      /** Memory of an earlier sample, to be written over; its buffer changes hands. */
      readonly spare: Float32Array | undefined;
    }
  | { readonly type: 'drop'; readonly id: number }
  | { readonly type: 'close' };

/** From a worker: that it is there; a sample, whose buffer changes hands; or why there is none. */
export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'sample'; readonly id: number; readonly video: Float32Array }
  | { readonly type: 'failure'; readonly id: number; readonly error: PortableError };

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

/** The part of {@link ClipReader} that a worker needs. */
type SampleReader = Pick<ClipReader, 'read'>;

/** Runs in a worker: makes the samples it is asked for, one after the other, and ends between two of them. */
export function serveClips(
  scope: WorkerScope,
  createReader: (options: ClipOptions) => SampleReader = (options) => new ClipReader(options),
): void {
  const waiting = new Map<number, ClipRequest>();
  const spares: Float32Array[] = [];
  let reader: SampleReader | undefined;
  let isRunning = false;
  let isClosed = false;

  const make = async (id: number, request: ClipRequest) => {
    const spare = spares.pop();
    try {
      if (reader === undefined) throw new Error('the worker was not configured');
      const video = await reader.read(request, spare);
      scope.post({ type: 'sample', id, video }, [video.buffer as ArrayBuffer]);
    } catch (error) {
      if (spare !== undefined) spares.push(spare);
      scope.post({ type: 'failure', id, error: portable(error) }, []);
    }
  };

  const run = async () => {
    if (isRunning) return;
    isRunning = true;
    // What is added while it runs is found too: a Map gives entries in the order they came.
    for (const [id, request] of waiting) {
      if (isClosed) break;
      waiting.delete(id);
      await make(id, request);
    }
    isRunning = false;
    if (isClosed) scope.close();
  };

  scope.listen((message) => {
    switch (message.type) {
      case 'configure':
        reader = createReader(message.options);
        scope.post({ type: 'ready' }, []);
        return;
      case 'load':
        if (message.spare !== undefined) spares.push(message.spare);
        waiting.set(message.id, message.request);
        return void run();
      case 'drop':
        waiting.delete(message.id);
        return;
      case 'close':
        isClosed = true;
        return void run();
    }
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
