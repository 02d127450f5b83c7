import { formatBytes, formatDuration, formatNumber } from '@umt/trainer';

/** Events of progress are at least this far apart. */
const EVENT_SECONDS = 1;

/** `1 shard`, `2 shards`. */
export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

/** How far some work is. */
export interface WorkDone {
  readonly done: number;
  readonly total: number;
  /** Handled so far. */
  readonly bytes?: number;
  readonly broken: number;
}

/** Measures work on many things, for a line that people read and for events. */
export class WorkProgress {
  readonly #things: string;
  readonly #now: () => number;
  readonly #start: number;
  #first: number | undefined;
  #lastEvent: number;

  /**
   * @param things what is worked on, in words
   * @param now seconds
   */
  constructor(things: string, now = () => performance.now() / 1000) {
    this.#things = things;
    this.#now = now;
    this.#start = now();
    this.#lastEvent = this.#start;
  }

  /** Seconds since it began. */
  get seconds(): number {
    return this.#now() - this.#start;
  }

  /** Says what was done before this start. */
  startAt(done: number): void {
    this.#first = done;
  }

  /** A line such as `120 of 1000 clips, 35 clips/s, 12.3 MB, 0:25 to go, 2 broken`. */
  line({ done, total, bytes, broken }: WorkDone): string {
    const { rate, secondsLeft } = this.measured(done, total);
    return [
      `${done} of ${total} ${this.#things}`,
      `${formatNumber(rate)} ${this.#things}/s`,
      ...(bytes === undefined ? [] : [formatBytes(bytes)]),
      `${formatDuration(secondsLeft)} to go`,
      ...(broken === 0 ? [] : [`${broken} broken`]),
    ].join(', ');
  }

  /** How many a second, and how long the rest will take. */
  measured(done: number, total: number): { readonly rate: number; readonly secondsLeft: number } {
    this.#first ??= 0;
    const rate = this.seconds > 0 ? (done - this.#first) / this.seconds : 0;
    return { rate, secondsLeft: (total - done) / rate };
  }

  /** Whether it is time for an event. */
  isEventDue(): boolean {
    const now = this.#now();
    if (now - this.#lastEvent < EVENT_SECONDS) return false;
    this.#lastEvent = now;
    return true;
  }
}
