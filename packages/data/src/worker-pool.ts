import { VideoError } from '@umt/video';
import { sampleLength, type ClipOptions } from './clip-options.ts';
import type { ClipRequest } from './clip-plan.ts';
import { DataError, DataWorkerError } from './data-error.ts';
import { revive, type FromWorker, type ToWorker } from './worker-protocol.ts';

/** The main thread's side of one worker, in Node or in browsers. */
export interface WorkerPort {
  /** Sends a message to the worker; what is transferred is gone here. */
  post(message: ToWorker, transfer?: readonly ArrayBuffer[]): void;
  /** Called once. `onDeath` says why the worker is gone. */
  listen(onMessage: (message: FromWorker) => void, onDeath: (reason: string) => void): void;
  /** Whether the process has to stay alive for this worker's answers. */
  hold(isBusy: boolean): void;
  /** Ends the worker after the sample it is making; what still waits is dropped. */
  end(): Promise<void>;
}

/** What starts workers, and tells the user what need not end the run. */
export interface WorkerHost {
  /** Starts one worker. */
  spawn(): WorkerPort;
  /** Shows one line. */
  warn(message: string): void;
}

/** A sample that is to be made. */
interface Job {
  readonly id: number;
  readonly request: ClipRequest;
  resolve(video: Float32Array): void;
  reject(error: Error): void;
  /** Workers that ended while they made it. */
  deaths: number;
}

/** A place for a worker, which is replaced when it dies. */
interface Member {
  port: WorkerPort;
  isReady: boolean;
  /** Whether the present worker has answered a request. */
  hasAnswered: boolean;
  /**
   * Whether the first request is posted alone: the one before this worker died of it, or of the next, where its answer was
   * lost on the way.
   */
  isCautious: boolean;
  /** What was not answered, in the order of posting: the worker makes the first. */
  readonly jobs: Map<number, Job>;
}

/** A sample is bad when so many workers ended while they made it. */
const MAX_DEATHS = 3;

/**
 * Workers that make clips. A request goes to the worker with the fewest, where it queues up, so that workers go on while the
 * main thread computes; with a cache it goes to the one that decoded this video before. A worker that has nothing to do takes
 * over the oldest request that waits behind another's, so none waits for one slow video. How many there are is the loader's
 * business.
 *
 * A worker that dies is replaced and its requests are made again, which gives the same samples. A sample that ends three
 * workers is a bad one: a VideoError of kind 'undecodable'. A worker that ends before it is ready is not replaced; when
 * none is left all requests fail.
 */
export class WorkerPool {
  readonly #host: WorkerHost;
  readonly #options: ClipOptions;
  readonly #count: number;
  readonly #isSticky: boolean;
  readonly #maxSpares: number;
  /** Memory of samples that were given back, for the next requests. */
  readonly #spares: Float32Array[] = [];
  #members: readonly Member[];
  #nextId = 0;
  #isWarned = false;
  #ended: Error | undefined;

  /**
   * @param count workers, at least 1
   * @param maxSpares samples given back whose memory is kept for later ones
   */
  constructor(host: WorkerHost, count: number, options: ClipOptions, maxSpares = 0) {
    const cacheBytes = Math.floor((options.cacheBytes ?? 0) / count);
    this.#host = host;
    this.#options = { ...options, cacheBytes };
    this.#count = count;
    this.#isSticky = cacheBytes > 0;
    this.#maxSpares = maxSpares;
    this.#members = Array.from({ length: count }, () => {
      return {
        port: host.spawn(),
        isReady: false,
        hasAnswered: false,
        isCautious: false,
        jobs: new Map<number, Job>(),
      };
    });
    for (const member of this.#members) this.#start(member);
  }

  /**
   * Has a sample made by a worker.
   *
   * @throws VideoError of the video; DataWorkerError when a worker failed at something else, or none is left
   */
  load(request: ClipRequest): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#assign({ id: this.#nextId++, request, resolve, reject, deaths: 0 });
    });
  }

  /** Takes the memory of a sample that is used up, to make later ones in it. */
  recycle(video: Float32Array): void {
    const isWhole = video.length === sampleLength(this.#options) && video.byteLength === video.buffer.byteLength;
    if (isWhole && this.#ended === undefined && this.#spares.length < this.#maxSpares) this.#spares.push(video);
  }

  /** Ends the workers; requests that wait are rejected. */
  async close(): Promise<void> {
    const ports = this.#members.map(({ port }) => port);
    this.#end(new DataError('the loader was closed'));
    await Promise.all(ports.map((port) => port.end()));
  }

  /** Gives a member's worker, which was just spawned, its options and its requests. */
  #start(member: Member): void {
    const { port } = member;
    member.isReady = false;
    member.hasAnswered = false;
    port.listen(
      (message) => {
        if (member.port === port) this.#settle(member, message);
      },
      (reason) => {
        if (member.port === port) this.#replace(member, reason);
      },
    );
    port.hold(member.jobs.size > 0);
    port.post({ type: 'configure', options: this.#options });
    const [first] = member.jobs.values();
    member.isCautious = first !== undefined;
    if (first !== undefined) this.#post(port, first);
  }

  #assign(job: Job): void {
    const sticky = this.#isSticky ? this.#members[job.request.index % this.#members.length] : undefined;
    const member = sticky ?? this.#members.reduce((best, one) => (one.jobs.size < best.jobs.size ? one : best));
    this.#give(member, job);
  }

  #give(member: Member, job: Job): void {
    member.jobs.set(job.id, job);
    member.port.hold(true);
    if (!member.isCautious) this.#post(member.port, job);
  }

  #post(port: WorkerPort, { id, request }: Job): void {
    const spare = this.#spares.pop();
    port.post({ type: 'load', id, request, spare }, spare === undefined ? [] : [spare.buffer as ArrayBuffer]);
  }

  #settle(member: Member, message: FromWorker): void {
    if (message.type === 'ready') {
      member.isReady = true;
      return;
    }
    member.hasAnswered = true;
    const job = member.jobs.get(message.id);
    member.jobs.delete(message.id);
    if (member.isCautious) {
      member.isCautious = false;
      for (const waiting of member.jobs.values()) this.#post(member.port, waiting);
    }
    // A request that another worker took over a moment too late is answered by both.
    if (message.type === 'failure') job?.reject(revive(message.error));
    else if (job === undefined) this.recycle(message.video);
    else job.resolve(message.video);
    if (member.jobs.size > 0) return;
    member.port.hold(false);
    if (!this.#isSticky) this.#help(member);
  }

  /** Gives an idle worker the oldest request that waits behind another one in the longest queue. */
  #help(idle: Member): void {
    const busiest = this.#members.reduce((best, one) => (one.jobs.size > best.jobs.size ? one : best));
    const [, waiting] = busiest.jobs.values();
    if (waiting === undefined) return;
    busiest.jobs.delete(waiting.id);
    busiest.port.post({ type: 'drop', id: waiting.id });
    this.#give(idle, waiting);
  }

  /** Puts another worker in the place of one that died, or shares its requests out where it could not even start. */
  #replace(member: Member, reason: string): void {
    if (this.#ended !== undefined) return;
    void member.port.end();
    const [first] = member.jobs.values();
    // One that ends without work, and never did any, would end over and over.
    const canStart = member.isReady && (first !== undefined || member.hasAnswered);
    if (canStart && first !== undefined) this.#blame(member, first, reason);
    const port = canStart ? this.#spawn() : undefined;
    if (port === undefined) {
      this.#giveUp(member, reason);
      return;
    }
    this.#warn(`a data worker died (${reason}) and was replaced: its samples are made again, with the same result`);
    member.port = port;
    this.#start(member);
  }

  #spawn(): WorkerPort | undefined {
    try {
      return this.#host.spawn();
    } catch {
      return undefined;
    }
  }

  /** Counts a death for the sample that was being made. */
  #blame(member: Member, job: Job, reason: string): void {
    if (++job.deaths < MAX_DEATHS) return;
    member.jobs.delete(job.id);
    const { path } = job.request.entry;
    const problem = `"${path}" ended ${job.deaths} data workers, the last one so: ${reason}; convert it or leave it out`;
    job.reject(new VideoError('undecodable', problem));
  }

  #giveUp(member: Member, reason: string): void {
    this.#members = this.#members.filter((one) => one !== member);
    if (this.#members.length === 0) {
      for (const { reject } of member.jobs.values()) reject(noWorkers(this.#count, reason));
      this.#end(noWorkers(this.#count, reason));
      return;
    }
    this.#warn(`a data worker could not be started (${reason}): ${this.#members.length} of ${this.#count} go on`);
    for (const job of member.jobs.values()) this.#assign(job);
  }

  /** The first thing that goes wrong is told; what comes later would be more of the same. */
  #warn(message: string): void {
    if (!this.#isWarned) this.#host.warn(message);
    this.#isWarned = true;
  }

  #end(reason: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#spares.length = 0;
    for (const { port, jobs } of this.#members) {
      for (const { reject } of jobs.values()) reject(reason);
      jobs.clear();
      void port.end();
    }
  }
}

function noWorkers(count: number, reason: string): DataWorkerError {
  return new DataWorkerError(`no data worker can be started, of ${count} that were tried: ${reason}`);
}
