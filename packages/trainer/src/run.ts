import type { AnyEvent, TrainingEvent } from './events.ts';

/** The main thread's hold on a run in a worker. */
export interface RunHandle<Result> {
  /**
   * What the worker's function returned.
   * Rejects with `RunError` when it threw, and with `WorkerDiedError` when the worker ended without an answer.
   */
  readonly result: Promise<Result>;
  /** Asks for an orderly stop: the step is finished, a checkpoint written, and `result` resolves. */
  stop(): void;
  /** Ends the worker at once, whatever it is doing; `result` rejects if it had not settled. */
  terminate(): Promise<void>;
}

/** A browser's Worker, as far as a declaration that Node reads too can name it. */
export interface WebWorker {
  /** Sends a message to the worker. */
  postMessage(message: unknown): void;
  /** Ends the worker at once. */
  terminate(): void;
}

/** How `startRun` reports. */
export interface StartRunOptions<Event extends AnyEvent = TrainingEvent> {
  readonly onEvent?: (event: Event) => void;
  /** Name of the worker for debuggers. */
  readonly name?: string;
}

/** What the function in the worker gets beside its configuration. */
export interface RunControl<Event extends AnyEvent = TrainingEvent> {
  /** Aborted when the main thread asked for an orderly stop. Hand it to `train` and to loaders. */
  readonly stopSignal: AbortSignal;
  /** Sends an event to the main thread. Hand it to `train` as `onEvent`, and report phases with it. */
  readonly emit: (event: Event) => void;
}
