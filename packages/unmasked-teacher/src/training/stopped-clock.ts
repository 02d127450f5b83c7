/** A clock that stands still while something happens that should not count, such as an evaluation between two steps. */
export class StoppedClock {
  #pausedSeconds = 0;

  /** Seconds from a fixed moment, pauses left out. */
  readonly now = (): number => performance.now() / 1000 - this.#pausedSeconds;

  /** Runs a function in no time. */
  async pause<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#pausedSeconds += (performance.now() - start) / 1000;
    }
  }
}
