/** Speed of a run over its last steps. */
export interface Speed {
  readonly secondsPerStep: number;
  /** From 0 to 1. */
  readonly dataWaitShare: number;
}

const WINDOW = 20;

/** Measures steps: their duration and how much of it was spent waiting for data. */
export class Throughput {
  readonly #now: () => number;
  #intervals: { readonly seconds: number; readonly waited: number }[] = [];
  #last: number;
  #waited = 0;
  #stepsSinceStart = 0;

  /** @param now seconds from any fixed moment */
  constructor(now: () => number) {
    this.#now = now;
    this.#last = now();
  }

  /** Adds to the time that the present step has waited for data. */
  addWait(seconds: number): void {
    this.#waited += seconds;
  }

  /** Call when a step was handed to the device. */
  stepDone(): Speed {
    const now = this.#now();
    // The first step prepares kernels and is no measure of the others.
    if (this.#stepsSinceStart === 1) this.#intervals = [];
    this.#stepsSinceStart++;
    this.#intervals.push({ seconds: now - this.#last, waited: this.#waited });
    if (this.#intervals.length > WINDOW) this.#intervals.shift();
    this.skipPause();
    const seconds = this.#intervals.reduce((total, interval) => total + interval.seconds, 0);
    const waited = this.#intervals.reduce((total, interval) => total + interval.waited, 0);
    return {
      secondsPerStep: seconds / this.#intervals.length,
      dataWaitShare: seconds > 0 ? Math.min(1, waited / seconds) : 0,
    };
  }

  /** Leaves out the time since the last step: a checkpoint was written, say. */
  skipPause(): void {
    this.#last = this.#now();
    this.#waited = 0;
  }
}
