import type { ClipOptions } from './clip-options.ts';
import type { ClipRequest } from './clip-plan.ts';
import { DataError, DataWorkerError } from './data-error.ts';
import { revive, type FromWorker, type ToWorker } from './worker-protocol.ts';

/** The main thread's side of one worker, in Node or in browsers. */
export interface WorkerPort {
  /** Sends a message to the worker. */
  post(message: ToWorker): void;
  /** Called once. `onDeath` says why the worker is gone. */
  listen(onMessage: (message: FromWorker) => void, onDeath: (reason: string) => void): void;
  /** Whether the process has to stay alive for this worker's answers. */
  hold(isBusy: boolean): void;
  /** Ends the worker after the sample it is making; what still waits is dropped. */
  end(): Promise<void>;
}

/** Starts one worker. */
export type SpawnWorker = () => WorkerPort;

interface Member {
  readonly port: WorkerPort;
  readonly waiting: Map<number, { resolve(video: Float32Array): void; reject(error: Error): void }>;
}

/**
 * Workers that make clips. A request goes to the worker with the fewest; with a cache to the one that decoded this video
 * before. Requests queue up in the workers, so they go on while the main thread computes; the loader bounds how many
 * there are. When one worker dies all requests fail, for a run must not go on slower and unnoticed.
 */
export class WorkerPool {
  readonly #members: readonly Member[];
  readonly #isSticky: boolean;
  #nextId = 0;
  #ended: Error | undefined;

  /** @param count workers, at least 1 */
  constructor(spawn: SpawnWorker, count: number, options: ClipOptions) {
    const cacheBytes = Math.floor((options.cacheBytes ?? 0) / count);
    this.#isSticky = cacheBytes > 0;
    this.#members = Array.from({ length: count }, () => ({ port: spawn(), waiting: new Map() }));
    for (const [i, member] of this.#members.entries()) {
      member.port.listen(
        (message) => this.#settle(member, message),
        (reason) => this.#end(new DataWorkerError(`data worker ${i + 1} of ${count} died: ${reason}`)),
      );
      member.port.hold(false);
      member.port.post({ type: 'configure', options: { ...options, cacheBytes } });
    }
  }

  /** Has a sample made by a worker. Rejects with its VideoError, or with DataWorkerError when a worker died. */
  load(request: ClipRequest): Promise<Float32Array> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const member = this.#memberFor(request);
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      member.waiting.set(id, { resolve, reject });
      member.port.hold(true);
      member.port.post({ type: 'load', id, request });
    });
  }

  /** Ends the workers; requests that wait are rejected. */
  async close(): Promise<void> {
    this.#end(new DataError('the loader was closed'));
    await Promise.all(this.#members.map(({ port }) => port.end()));
  }

  #memberFor({ index }: ClipRequest): Member {
    const [first] = this.#members;
    const sticky = this.#isSticky ? this.#members[index % this.#members.length] : undefined;
    const member = sticky ?? this.#members.reduce((best, one) => (one.waiting.size < best.waiting.size ? one : best));
    return member ?? (first as Member);
  }

  #settle(member: Member, message: FromWorker): void {
    const waiting = member.waiting.get(message.id);
    member.waiting.delete(message.id);
    if (member.waiting.size === 0) member.port.hold(false);
    if ('video' in message) waiting?.resolve(message.video);
    else waiting?.reject(revive(message.error));
  }

  #end(reason: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    for (const { port, waiting } of this.#members) {
      for (const { reject } of waiting.values()) reject(reason);
      waiting.clear();
      void port.end();
    }
  }
}
