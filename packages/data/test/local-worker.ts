import { ClipReader } from '../src/clip-reader.ts';
import type { WorkerHost, WorkerPort } from '../src/worker-pool.ts';
import { serveClips, type FromWorker, type ToWorker } from '../src/worker-protocol.ts';
import { synthetic } from './synthetic.ts';

/** A worker in this thread: messages are cloned and buffers transferred as between threads, one event-loop turn late. */
export class LocalWorker implements WorkerPort {
  readonly received: ToWorker[] = [];
  isHeld = false;
  isTerminated = false;
  #toWorker: (message: ToWorker) => void = () => undefined;
  #toMain: (message: FromWorker) => void = () => undefined;
  #onDeath: (reason: string) => void = () => undefined;
  answers = true;

  constructor(open = synthetic(40).open) {
    serveClips(
      {
        listen: (onMessage) => (this.#toWorker = onMessage),
        post: (message, transfer) => {
          const received = structuredClone(message, { transfer: [...transfer] });
          setTimeout(() => this.answers && this.#toMain(received));
        },
        close: () => undefined,
      },
      (options) => new ClipReader(options, open),
    );
  }

  post(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    const received = structuredClone(message, { transfer: [...transfer] });
    this.received.push(received);
    setTimeout(() => this.answers && this.#toWorker(received));
  }

  listen(onMessage: (message: FromWorker) => void, onDeath: (reason: string) => void): void {
    this.#toMain = onMessage;
    this.#onDeath = onDeath;
  }

  hold(isBusy: boolean): void {
    this.isHeld = isBusy;
  }

  async end(): Promise<void> {
    this.isTerminated = true;
    this.answers = false;
  }

  /** Ends as a thread does that crashes. */
  die(reason: string): void {
    this.answers = false;
    this.#onDeath(reason);
  }
}

/** Starts workers in this thread, and keeps them and what was told. */
export class LocalHost implements WorkerHost {
  readonly workers: LocalWorker[] = [];
  readonly warnings: string[] = [];
  readonly #open: ConstructorParameters<typeof LocalWorker>[0];

  constructor(open?: ConstructorParameters<typeof LocalWorker>[0]) {
    this.#open = open;
  }

  spawn(): LocalWorker {
    const worker = new LocalWorker(this.#open);
    this.workers.push(worker);
    return worker;
  }

  warn(message: string): void {
    this.warnings.push(message);
  }
}
