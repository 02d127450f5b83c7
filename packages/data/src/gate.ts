/** Lets a limited number of tasks run at a time, in the order they came. */
export class Gate {
  readonly #limit: number;
  readonly #waiting: { readonly start: () => void; readonly refuse: (reason: Error) => void }[] = [];
  #running = 0;
  #closed: Error | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs a task when its turn comes. Rejects with the reason of `close()` if that comes first. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#running < this.#limit) this.#running++;
    else await new Promise<void>((start, refuse) => this.#waiting.push({ start, refuse }));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next.start();
    }
  }

  /** Refuses the tasks that wait and all later ones. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const { refuse } of this.#waiting.splice(0)) refuse(reason);
  }
}
